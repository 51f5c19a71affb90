/** Limits that the processes of one machine share through one SQLite file. */
export {};
