/** Which of N nodes owns a key: the same answer in every process, with the fewest moves when nodes come and go */
export {};
