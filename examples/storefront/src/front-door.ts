/**
 * The front door: how many requests a client, and all clients together, may make.
 *
 * Two limiters, because they count under different keys: one bucket for each client's address and one for the whole
 * shop. A request must pass both; when the second refuses, the first gives its unit back, so a crowd of others does
 * not use up anybody's own quota. GCRA keeps one number for each client, and the map of clients is bounded.
 *
 * The shop believes `X-Forwarded-For` only from this machine, where a proxy of its own would stand; the flash crowd
 * uses that to look like many clients.
 */
import { createLimiter, gcra, type Decision } from '@loadbearing/rate-limiter';
import { clientAddress, createVerdict, ipKey, type RequestInfo, type Verdict } from '@loadbearing/rate-limiter/http';
import type { GatePanel, GateSample } from './live-state.ts';

const perClient = gcra({ name: 'client', rate: 10, perMs: 1000, burst: 20 });
const perShop = gcra({ name: 'shop', rate: 100, perMs: 1000, burst: 100 });
const samplesMax = 120;

export class FrontDoor {
  readonly #clients = createLimiter({ name: 'client', limits: perClient });
  readonly #shop = createLimiter({ name: 'shop', limits: perShop });
  readonly #address = clientAddress({ trustProxy: ['127.0.0.0/8', '::1'] });
  readonly #verdictOfClient = createVerdict([perClient]);
  readonly #verdictOfShop = createVerdict([perShop]);
  #samples: GateSample[] = [];
  #second = { admitted: 0, rejected: 0 };
  #admittedTotal = 0;
  #rejectedTotal = 0;

  async admit(request: RequestInfo): Promise<Verdict> {
    const client = this.#clients.takeSync(ipKey(this.#address(request)));
    const verdict = client.allowed ? await this.#admitToShop(client) : this.#verdictOfClient(client);
    if (verdict.allowed) {
      this.#second.admitted++;
      this.#admittedTotal++;
    } else {
      this.#second.rejected++;
      this.#rejectedTotal++;
    }
    return verdict;
  }

  /** Closes a second of the chart. */
  tick(atMs: number): void {
    this.#samples = [...this.#samples.slice(1 - samplesMax), { atMs, ...this.#second }];
    this.#second = { admitted: 0, rejected: 0 };
  }

  panel(): GatePanel {
    return {
      samples: this.#samples,
      admittedTotal: this.#admittedTotal,
      rejectedTotal: this.#rejectedTotal,
      limits: [
        '10 requests a second for each client, in bursts of up to 20',
        '100 requests a second for the whole shop, in bursts of up to 100',
      ],
    };
  }

  async #admitToShop(client: Decision): Promise<Verdict> {
    const shop = this.#shop.takeSync('all');
    if (shop.allowed) return this.#verdictOfClient(client);
    await this.#clients.refund(client);
    return this.#verdictOfShop(shop);
  }
}
