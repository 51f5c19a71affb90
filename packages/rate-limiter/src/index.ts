/** One exact decision, may this caller do this now: composed limits, all or nothing, with bounded memory */
export {};
