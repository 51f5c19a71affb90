/** {{description}} */
export {};
