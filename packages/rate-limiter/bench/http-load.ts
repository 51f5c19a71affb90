/**
 * Server CPU per request: two servers in this process, the bare one and the same with a limiter, loaded in turns by
 * autocannon in a process of its own. The order alternates, so that neither always runs on the warmer process; the
 * median over turns leaves out a turn that something else disturbed.
 */
import { execFile } from 'node:child_process';
import type { Server } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';

const autocannon = createRequire(import.meta.url).resolve('autocannon/autocannon.js');
const WARM = 6000;
const REQUESTS = 12_000;
const TURNS = 5;

export type Listen = () => Promise<{ readonly server: Server; close(): Promise<unknown> }>;

export interface Cpu {
  /** Microseconds of user and system time per request. */
  readonly bare: number;
  readonly limited: number;
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]!;

async function load(server: Server, requests: number): Promise<number> {
  const { port } = server.address() as AddressInfo;
  const before = process.cpuUsage();
  const { stdout } = await promisify(execFile)(process.execPath, [
    ...[autocannon, '--json', '--connections', '16', '--amount', String(requests)],
    `http://127.0.0.1:${String(port)}/`,
  ]);
  const { user, system } = process.cpuUsage(before);
  const result = JSON.parse(stdout) as { '2xx': number; non2xx: number; errors: number };
  if (result['2xx'] !== requests) throw new Error(`${result['2xx']} of ${requests} requests were answered with 2xx`);
  return (user + system) / requests;
}

export async function measureCpu(startBare: Listen, startLimited: Listen): Promise<Cpu> {
  const [bare, limited] = [await startBare(), await startLimited()];
  const samples = { bare: [] as number[], limited: [] as number[] };
  await load(bare.server, WARM);
  await load(limited.server, WARM);
  for (let turn = 0; turn < TURNS; turn++) {
    const order = turn % 2 === 0 ? (['bare', 'limited'] as const) : (['limited', 'bare'] as const);
    for (const which of order) samples[which].push(await load((which === 'bare' ? bare : limited).server, REQUESTS));
  }
  await Promise.all([bare.close(), limited.close()]);
  return { bare: median(samples.bare), limited: median(samples.limited) };
}
