/**
 * What a read costs on the wire: nothing, a 304, or all of it; and what a wrong Vary costs behind it.
 *
 * Bytes are those of the sockets between a browser and the apps, heads included; the edge stands aside for it.
 */
import type { Fetch } from '../layers/http-layer.ts';
import { wireFetch } from '../layers/wire-fetch.ts';
import { origin } from '../load/traffic.ts';
import { atMost, count, exactly, moreThan, type Section } from '@loadbearing-examples/page-kit/report/claims.ts';
import type { World } from '../world.ts';

const firstItem = 1400;
const languages = ['en', 'de'];
const agents = 40;
const greetings = 20;

export async function revalidation(world: World, items: number): Promise<Section> {
  const wire = wireFetch(() => world.httpPorts);
  const bytesOf = async (work: () => Promise<unknown>): Promise<number> => {
    const before = wire.bytes.received;
    await work();
    return wire.bytes.received - before;
  };
  const ids = Array.from({ length: items }, (_, i) => firstItem + i);
  const all = (fetch: Fetch, path: (id: number) => string) => async (): Promise<void> => {
    for (const id of ids) await (await fetch(new Request(origin + path(id)))).arrayBuffer();
  };
  const item = (id: number): string => `/items/${id}`;
  const asset = (id: number): string => `/assets/${id}.1`;

  await world.reset({ cacheControl: 'public, max-age=600' });
  const browser = world.newBrowser(wire.fetch);
  const cold = await bytesOf(all(browser.fetch, item));
  const warm = await bytesOf(all(browser.fetch, item));
  await world.configure({ cacheControl: 'public, no-cache' });
  const asking = world.newBrowser(wire.fetch);
  await bytesOf(all(asking.fetch, item));
  const unchanged = await bytesOf(all(asking.fetch, item));
  for (const id of ids) await world.app(0, 'write', id);
  const changed = await bytesOf(all(asking.fetch, item));
  await bytesOf(all(asking.fetch, asset));
  const immutable = await bytesOf(all(asking.fetch, asset));
  wire.close();

  const vary = {
    right: await greet(world, 'right'),
    wide: await greet(world, 'wide'),
    missing: await greet(world, 'missing'),
  };
  await world.reset();
  const row = (name: string, bytes: number): string[] => [name, count(bytes / items), '', ''];
  const varied = (name: string, { asked, wrong }: Greeted): string[] => [name, '', count(asked), count(wrong)];
  return {
    title: 'Revalidation: what a read costs on the wire, and what a wrong Vary costs',
    lesson: `${items} items read by one browser. A 304 saves the body and still costs a round trip; max-age and immutable save that too. Vary is part of the key: one that names too much splits the cache (here ${agents} user agents), one that is missing answers Germans in English.`,
    head: ['', 'bytes per read', 'requests to the apps', 'wrong language'],
    rows: [
      row('cold', cold),
      row('warm, within max-age', warm),
      row('no-cache, unchanged: 304', unchanged),
      row('no-cache, changed: 200', changed),
      row('immutable, read again', immutable),
      varied('Vary: Accept-Language', vary.right),
      varied('Vary: User-Agent', vary.wide),
      varied('no Vary', vary.missing),
    ],
    claims: [
      exactly('bytes when warm', warm, 0),
      exactly('bytes of immutable items read again', immutable, 0),
      moreThan('a 304 costs bytes', unchanged, 0),
      atMost('a 304 costs at most half of a full answer', unchanged, cold / 2),
      moreThan('a changed item costs more than a 304', changed, unchanged),
      atMost('right Vary: one request per page and language', vary.right.asked, greetings * languages.length),
      exactly('right Vary: answers in a wrong language', vary.right.wrong, 0),
      atMost('right Vary asks a tenth of what Vary: User-Agent asks', vary.right.asked, vary.wide.asked / 10),
      moreThan('no Vary: answers in a wrong language', vary.missing.wrong, 0),
    ],
  };
}

interface Greeted {
  readonly asked: number;
  readonly wrong: number;
}

/** Readers of both languages and many user agents ask the edge for the same pages. */
async function greet(world: World, vary: string): Promise<Greeted> {
  await world.reset({ cacheControl: 'public, max-age=600' }, { browser: false });
  let wrong = 0;
  for (let page = 1; page <= greetings; page++) {
    for (let agent = 0; agent < agents; agent++) {
      const language = languages[agent % languages.length]!;
      const headers = { 'accept-language': language, 'user-agent': `reader-${agent}` };
      const response = await world.edgeFetch(new Request(`${origin}/greetings/${vary}/${page}`, { headers }));
      const answer = (await response.json()) as { language: string };
      if (answer.language !== language) wrong++;
    }
  }
  return { asked: (await world.appCounts()).requests, wrong };
}
