/** The part of hashring 3.2.0 that the benches use; it ships no types. */
declare module 'hashring' {
  interface Cache {
    get(key: string): string | undefined;
    set(key: string, server: string): void;
    reset(): void;
  }
  export default class HashRing {
    constructor(servers: readonly string[]);
    ring: { value: number; server: string }[];
    cache: Cache;
    get(key: string): string | undefined;
    find(hashValue: number): number;
    hashValue(key: string): number;
    add(server: string): this;
    remove(server: string): this;
  }
}
