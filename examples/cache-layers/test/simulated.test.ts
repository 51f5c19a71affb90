/** The demonstrations in virtual time: every claim holds, and the same seed gives the same report. */
import { describe, expect, test } from 'vitest';
import type { Section } from '@loadbearing-examples/page-kit/report/claims.ts';
import { absent } from '../src/simulated/absent.ts';
import { deleteDuringLoad } from '../src/simulated/delete-during-load.ts';
import { expiryStorm } from '../src/simulated/expiry-storm.ts';
import { failingSource } from '../src/simulated/failing-source.ts';
import { settled, virtualTime } from '../src/simulated/virtual-time.ts';

const nightly = process.env['NIGHTLY'] === '1';
const schedules = nightly ? 100_000 : 2000;

const failed = ({ claims }: Section) => claims.filter(({ holds }) => !holds);

describe.each(nightly ? [1, 2, 3, 4, 5] : [1, 2])('seed %i', (seed) => {
  test('a delete while a load is under way', async () => {
    const section = await deleteDuringLoad(seed, schedules);
    expect(failed(section)).toEqual([]);
    expect(await deleteDuringLoad(seed, schedules)).toEqual(section);
  });

  test('look-ups of what does not exist', async () => expect(failed(await absent(seed, 10_000))).toEqual([]));

  test('the expiry storm', async () => expect(failed(await expiryStorm(seed, 2))).toEqual([]));
});

test('a source that is down', async () => expect(failed(await failingSource())).toEqual([]));

test('virtual time: timers run in order of their moments, promises between them, and none that was cleared', async () => {
  const time = virtualTime();
  const seen: string[] = [];
  const at = (name: string) => () => void Promise.resolve().then(() => seen.push(`${name} ${time.now()}`));
  time.timers.set(at('late'), 30);
  time.timers.set(at('early'), 10);
  time.timers.clear(time.timers.set(at('never'), 20));
  void time.sleep(15).then(at('slept'));
  await time.advance(25);
  expect(seen).toEqual(['early 10', 'slept 15']);
  await time.advance(5);
  await settled();
  expect(seen).toEqual(['early 10', 'slept 15', 'late 30']);
});
