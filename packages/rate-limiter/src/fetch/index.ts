/** Rate limits for handlers of the Fetch standard: from a Request to a Response. */
export {};
