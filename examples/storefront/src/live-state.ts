/**
 * What the page is shown: the shop's state as one JSON value, sent once a second by server-sent events.
 *
 * The whole state is sent each time, not changes to it: a page that missed ten messages is right again with the
 * eleventh, and a new page needs nothing else. Every list has a bound. Times are milliseconds since the epoch unless
 * the name says otherwise, money is in cents, shares are fractions of 1.
 *
 * This file is types only: the contract between the server (`shop.ts` fills it) and `public/`.
 */

/** One second of the front door. */
export interface GateSample {
  readonly atMs: number;
  readonly admitted: number;
  readonly rejected: number;
}

export interface GatePanel {
  /** The last 120 seconds, oldest first; the last is the latest whole second. */
  readonly samples: readonly GateSample[];
  readonly admittedTotal: number;
  readonly rejectedTotal: number;
  /** For people: "20 requests a second for each client, bursts of 40". */
  readonly limits: readonly string[];
}

export interface SearchPanel {
  readonly documents: number;
  readonly searches: number;
  /** Of the last 200 searches, inside the index; null before the first. */
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
}

export interface CachePanel {
  readonly hits: number;
  readonly misses: number;
  /** Of the last 60 seconds; null when nothing was asked. */
  readonly recentHitRatio: number | null;
  readonly loads: number;
  /** Callers that waited for a load somebody else had started. */
  readonly joined: number;
  readonly evictions: number;
  readonly size: number;
  readonly max: number;
  readonly ttlMs: number;
}

export interface ShardView {
  readonly id: string;
  /** Fraction of the hash space. */
  readonly share: number;
  readonly products: number;
  readonly onHandUnits: number;
  readonly soldUnits: number;
}

export interface ShelfChange {
  readonly atMs: number;
  readonly kind: 'add' | 'remove';
  readonly shard: string;
  readonly productsMoved: number;
  readonly productsTotal: number;
  /** Fraction of the hash space that changed owner, exactly. */
  readonly shareMoved: number;
  /** The least that any balanced scheme must move: 1/n with n the larger number of shards. */
  readonly shareIdeal: number;
  /** Products that `hash % n` would have moved. */
  readonly productsMovedByModulo: number;
}

export interface RingPanel {
  /** Changes when the ring does: then the page asks `GET /api/ring` for the arcs. */
  readonly fingerprint: string;
  readonly shards: readonly ShardView[];
  /** A change under way. */
  readonly moving: { readonly done: number; readonly total: number } | null;
  readonly lastChange: ShelfChange | null;
}

/** `GET /api/ring` */
export interface RingArcs {
  readonly fingerprint: string;
  /** Inclusive ranges of the 32-bit hash space in ascending order, covering all of it. */
  readonly arcs: readonly { readonly start: number; readonly end: number; readonly shard: string }[];
}

export interface LogPanel {
  /** The events topic holds the offsets [start, end). */
  readonly start: number;
  readonly end: number;
  readonly durableOffset: number;
  readonly bytes: number;
  readonly segments: number;
  readonly appends: number;
  /** Group commit at work: fewer syncs than appends. */
  readonly syncs: number;
  readonly consumers: readonly { readonly name: string; readonly position: number; readonly lag: number }[];
  readonly paused: boolean;
}

export type StepStatus = 'waiting' | 'running' | 'done' | 'failed' | 'undoing' | 'undone';

export interface StepView {
  readonly name: string;
  readonly status: StepStatus;
  /** When it began and ended going forward; absent while it has not. */
  readonly startMs?: number;
  readonly endMs?: number;
  /** The same for its compensation. */
  readonly undoStartMs?: number;
  readonly undoEndMs?: number;
  readonly attempts: number;
}

export type OrderStatus = 'running' | 'undoing' | 'completed' | 'compensated' | 'stuck';

/** `GET /api/orders/:id`, and the rows of the panel. */
export interface OrderView {
  readonly id: string;
  readonly sku: string;
  readonly quantity: number;
  readonly totalCents: number;
  readonly status: OrderStatus;
  readonly startedMs: number;
  readonly endedMs?: number;
  /** Why it was undone or is stuck. */
  readonly reason?: string;
  /** In the order of the definition. Empty for an order whose journal has been pruned. */
  readonly steps: readonly StepView[];
}

export interface SagaPanel {
  readonly running: number;
  /** Since the data folder was made. */
  readonly completed: number;
  readonly compensated: number;
  readonly stuck: number;
  /** At most 12, the latest first. */
  readonly recent: readonly OrderView[];
}

export interface SalesPanel {
  /** The last 30 minutes that had sales, oldest first. */
  readonly byMinute: readonly { readonly minuteMs: number; readonly orders: number; readonly cents: number }[];
  /** At most 8, the best first. */
  readonly topProducts: readonly { readonly sku: string; readonly units: number; readonly cents: number }[];
}

/** Two sums that must add up, each side from a different part of the shop. */
export interface Books {
  readonly stock: {
    /** What suppliers brought, over all shards. */
    readonly deliveredUnits: number;
    readonly onHandUnits: number;
    readonly reservedUnits: number;
    readonly soldUnits: number;
    /** Units of completed orders, from the events topic, plus those shipped by orders not closed yet. */
    readonly orderedUnits: number;
    /** delivered = on hand + reserved + sold, and sold = ordered. */
    readonly balanced: boolean;
  };
  readonly money: {
    readonly chargedCents: number;
    readonly refundedCents: number;
    /** Totals of completed orders, from the events topic. */
    readonly completedCents: number;
    /** Charged and not refunded by orders that have not ended. */
    readonly inFlightCents: number;
    /** charged - refunded = completed + in flight. */
    readonly balanced: boolean;
  };
}

export type PaymentMode = 'ok' | 'decline' | 'lose-answer' | 'down';

export interface CrowdView {
  readonly running: boolean;
  readonly clients: number;
  readonly leftMs: number;
  readonly sent: number;
  readonly admitted: number;
  readonly rejected: number;
  readonly orders: number;
  readonly failed: number;
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
}

/** What the start of this process found in the data folder. */
export interface Recovery {
  /** False: the last process did not close its logs; it was killed. Null: the folder was new. */
  readonly cleanShutdown: boolean | null;
  readonly events: number;
  readonly ordersResumed: number;
  /** A shard change that the last process did not finish. */
  readonly productsMoved: number;
}

/** `GET /api/live`, event `state`, once a second. */
export interface LiveState {
  readonly atMs: number;
  readonly startedMs: number;
  readonly gate: GatePanel;
  readonly search: SearchPanel;
  readonly cache: CachePanel;
  readonly ring: RingPanel;
  readonly log: LogPanel;
  readonly sagas: SagaPanel;
  readonly sales: SalesPanel;
  readonly books: Books;
  readonly payments: { readonly mode: PaymentMode };
  /** The flash crowd under way, or the last one; null before the first. */
  readonly crowd: CrowdView | null;
  readonly recovery: Recovery;
}

/** `GET /api/search?q=...&from=0&size=10` */
export interface SearchAnswer {
  readonly query: string;
  readonly total: number;
  /** Inside the index, without HTTP. */
  readonly tookMs: number;
  readonly hits: readonly ProductHit[];
}

export interface ProductHit {
  readonly sku: string;
  readonly version: string;
  readonly license: string;
  readonly priceCents: number;
  readonly keywords: readonly string[];
  /** Escaped for HTML, with <mark> around what matched. */
  readonly titleHtml: string;
  readonly descriptionHtml: string;
  /** Fragments of the README around matches, escaped likewise; at most 2. */
  readonly fragmentsHtml: readonly string[];
}

/** `GET /api/products/<sku>`; a scoped name keeps its slash. */
export interface ProductPage {
  readonly sku: string;
  readonly version: string;
  readonly description: string;
  readonly license: string;
  readonly keywords: readonly string[];
  readonly priceCents: number;
  readonly sizeBytes: number;
  /** The README as safe HTML. */
  readonly readmeHtml: string;
  readonly stock: { readonly shard: string; readonly onHandUnits: number };
  /** How the cache answered, and how long that took. */
  readonly cache: { readonly outcome: 'hit' | 'miss'; readonly tookMs: number };
}

/** Every refusal, with status 4xx or 5xx. */
export interface ErrorBody {
  readonly error: { readonly code: string; readonly message: string };
}
