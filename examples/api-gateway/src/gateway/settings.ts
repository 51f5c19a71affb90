/** What a gateway can be told while it runs. */
export interface GatewaySettings {
  /** How many requests may be under way at the upstream: found by feedback, or not bounded at all. */
  readonly concurrency: 'aimd' | 'none';
  /** Of each address, in this process alone; null = not limited. */
  readonly addressPerSecond: number | null;
  /** Of each user, over all gateways. */
  readonly userPerSecond: number | null;
  readonly userBurst: number;
  /** Of everybody together, over all gateways. */
  readonly allPerSecond: number | null;
  /** How long the shared store may take. */
  readonly deadlineMs: number;
}

export const gatewayDefaults: GatewaySettings = {
  concurrency: 'aimd',
  addressPerSecond: 100,
  userPerSecond: 50,
  userBurst: 100,
  allPerSecond: 5000,
  deadlineMs: 25,
};

/** Of a request that stays longer at the upstream, AIMD thinks that there are too many. */
export const targetMs = 100;
/** Checkout goes first: everything else may fill this much of the limit. */
export const shares = [1, 0.8];

/** By the route and never by what a client says of itself. */
export const priorityOf = (url: string): number => (url.startsWith('/checkout') ? 0 : 1);
