/**
 * One limit, four gateways: what all of them together let in, with the limit in the store that they share and with a
 * limit in each. The clock of one of them is wrong by a minute and a half.
 */
import { count, exactly, type Section } from '@loadbearing-examples/page-kit/report/claims.ts';
import { clockShiftMs, gatewayCount, type World } from '../world.ts';

const burst = 100;

export async function shared(world: World, perGateway: number): Promise<Section> {
  // So slow that nothing comes back while we look: one unit in half an hour.
  await world.reset({ ...only, userPerSecond: 1, userBurst: burst });
  await world.crowd({ ports: world.ports(gatewayCount), deadlineMs: 30_000 });
  const together = await world.burst('together', perGateway);
  await world.reset();
  const sum = together.reduce((total, n) => total + n, 0);
  return {
    title: 'One limit, four gateways: what they let in together',
    lesson: `${count(perGateway)} requests of one user at once at each of ${gatewayCount} gateways; ${burst} may be let in. The store decides by its own clock, so it does not matter that one gateway is ${clockShiftMs / 1000} s ahead.`,
    head: ['', ...together.map((_, i) => `gateway ${i + 1}`), 'together'],
    rows: [['limit in the shared store', ...together.map(count), count(sum)]],
    claims: [exactly('let in by all together', sum, burst)],
  };
}

const only = { concurrency: 'none', addressPerSecond: null, allPerSecond: null } as const;
