/** What the page is told, five times a second: the whole state, so that a page that missed some is right again. */
import type { Layer } from './layers/waterfall.ts';
import type { Section } from '@loadbearing-examples/page-kit/report/claims.ts';
import type { Switches } from './world.ts';

export interface LayerFeed {
  readonly layer: Layer;
  /** Reads that stopped here in the last second, and since the last switch. */
  readonly perSecond: number;
  readonly stops: number;
  /** Of what reached it since the last switch, the part it answered. */
  readonly ratio: number;
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
}

export interface Feed {
  readonly phase: 'script' | 'open' | 'failed';
  /** What the script is at. */
  readonly step: string;
  readonly switches: Switches;
  readonly engines: { readonly database: string; readonly level: string; readonly edge: string };
  readonly layers: readonly LayerFeed[];
  readonly reads: number;
  readonly errors: number;
  readonly perSecond: number;
  readonly wantedPerSecond: number;
  /** Since the last switch. */
  readonly queriesPerThousand: number | null;
  /** The same for each second of the last minute; null where nobody read. */
  readonly history: readonly (number | null)[];
  readonly database: {
    readonly open: number;
    readonly limit: number;
    readonly delayMs: number;
    readonly failing: boolean;
  };
  readonly bus: 'up' | 'down' | 'cut';
  readonly sections: readonly Section[];
}
