/** An edge that is a process of its own, as the world sees it. */
import type { Fetch } from '../layers/http-layer.ts';

export interface Edge {
  readonly name: string;
  readonly fetch: Fetch;
  /** Off: requests go past it, to the apps. On again: empty. */
  isOn: boolean;
  close(): Promise<void>;
}
