/** `@loadbearing/commit-log/node`: a directory of the file system as the storage of a log. */
export { fileStorage } from './file-storage.ts';
export type { FileStorageOptions } from './file-storage.ts';
