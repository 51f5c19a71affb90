/** What an app can be told while it runs. JSON, so `null` stands for "no limit". */
export interface AppSettings {
  readonly l1: boolean;
  readonly l2: boolean;
  readonly bus: boolean;
  /** Entries of the first level, in each process. */
  readonly l1Max: number;
  readonly l1TtlMs: number;
  readonly l2TtlMs: number;
  readonly absentTtlMs: number;
  readonly staleIfErrorMs: number;
  readonly maxConcurrentLoads: number | null;
  readonly heartbeatMs: number;
  readonly disconnectedTtlMs: number;
  /** The `Cache-Control` of items. */
  readonly cacheControl: string;
}

export const appDefaults: AppSettings = {
  l1: true,
  l2: true,
  bus: true,
  l1Max: 200,
  l1TtlMs: 5000,
  l2TtlMs: 60_000,
  absentTtlMs: 5000,
  staleIfErrorMs: 60_000,
  maxConcurrentLoads: 8,
  heartbeatMs: 1000,
  disconnectedTtlMs: 1000,
  cacheControl: 'public, max-age=2, s-maxage=4, stale-while-revalidate=4',
};
