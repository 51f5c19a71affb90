/** Long business transactions that survive crashes: typed steps, compensation in reverse order, a fenced journal */
export {};
