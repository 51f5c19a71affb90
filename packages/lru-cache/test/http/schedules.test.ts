/**
 * Random schedules: clients that come, write, leave and wait; an origin whose every answer comes when the schedule says.
 *
 * The model is the origin's own history: which version of each page was true when. Whatever the schedule,
 *   - a read that began after a write was answered sees that write or a later one,
 *   - a read sees what was true at most `max-age` + `stale-while-revalidate` before it began,
 *   - a page for one language never answers another, and a page that must not be stored answers its own reader alone,
 *   - every read ends, and no failure goes unheard.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { httpCache } from '../../src/http/http-cache.ts';
import { manualClock, manualTimers, settle } from './support.ts';

const nightly = process.env['NIGHTLY'] === '1';
const runs = nightly ? 5000 : 40;
const MAX_AGE = 10;
const STALE = 5;

const op = fc.oneof(
  {
    weight: 9,
    arbitrary: fc.record({
      kind: fc.constant('read' as const),
      page: fc.constantFrom(0, 0, 0, 1, 2),
      language: fc.constantFrom('de', 'de', 'de', 'fr'),
      control: fc.constantFrom('', '', '', 'no-cache', 'max-stale=3'),
      known: fc.constantFrom(false, false, true),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('write' as const), page: fc.nat(2) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('change' as const), page: fc.nat(2) }) },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('answer' as const),
      which: fc.nat(9),
      how: fc.constantFrom('fully', 'fully', 'fully', 'fully', 'slowly', 'cut', 'down', '503'),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('pass' as const), seconds: fc.integer({ min: 1, max: 6 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('leave' as const), which: fc.nat(9) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('late' as const) }) },
);

const unheard: unknown[] = [];
const onUnheard = (error: unknown): void => void unheard.push(error);
beforeAll(() => void process.on('unhandledRejection', onUnheard));
afterAll(() => void process.off('unhandledRejection', onUnheard));

const totals = { reads: 0, hits: 0, collapsed: 0, validated: 0, stale: 0, failed: 0 };

if (nightly) vi.setConfig({ testTimeout: 3_600_000 });

describe('any schedule', () => {
  it('keeps the promises above', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(op, { minLength: 30, maxLength: 60, size: 'max' }), async (ops) => {
        const clock = manualClock();
        const timers = manualTimers();
        /** Per page: since when each version is true. The last page must not be stored. */
        const history = [[clock.at], [clock.at], [clock.at]];
        const version = (page: number): number => (history[page] as number[]).length - 1;
        const pending: { answer: (how: string) => void }[] = [];
        let own = 0;

        const origin = (request: Request): Promise<Response> =>
          new Promise((resolve, reject) => {
            request.signal.addEventListener('abort', () => reject(request.signal.reason as Error));
            const page = Number(new URL(request.url).pathname.slice(1));
            // It reads when it is asked and writes when it is asked, and answers when it likes.
            if (request.method === 'POST') (history[page] as number[]).push(clock.at);
            const n = version(page);
            const language = request.headers.get('accept-language') ?? '';
            const tag = `"${n}${language}"`;
            const fields: Record<string, string> =
              page === 2
                ? { 'cache-control': 'no-store' }
                : {
                    'cache-control': `max-age=${MAX_AGE}, stale-while-revalidate=${STALE}, stale-if-error=${STALE}`,
                    etag: tag,
                    vary: 'accept-language',
                  };
            pending.push({
              answer(how) {
                if (how === 'down') reject(new Error('down'));
                else if (how === '503' && request.method === 'GET') resolve(new Response('down', { status: 503 }));
                else if (request.method === 'POST') resolve(new Response(String(n)));
                else if (page !== 2 && request.headers.get('if-none-match') === tag)
                  resolve(new Response(null, { status: 304, headers: fields }));
                else {
                  const text = `${page} ${n} ${language} ${page === 2 ? own++ : ''}`;
                  const body = new ReadableStream<Uint8Array>({
                    start(to) {
                      to.enqueue(new TextEncoder().encode(text));
                      if (how === 'fully') to.close();
                      if (how === 'cut') to.error(new Error('cut'));
                      if (how === 'slowly')
                        pending.push({
                          answer: () => {
                            to.close();
                          },
                        });
                    },
                  });
                  resolve(new Response(body, { headers: fields }));
                }
              },
            });
          });
        const cached = httpCache({
          fetch: origin,
          shared: true,
          name: 'c',
          maxBytes: 1e5,
          wallClock: clock,
          timers,
          onBackground: () => undefined,
        });

        const clients: AbortController[] = [];
        const ends: Promise<void>[] = [];
        /** Per page: the newest version whose write was answered. */
        const written = [0, 0, 0];
        const seenOnce = new Set<string>();

        const read = async (
          page: number,
          language: string,
          control: string,
          known: boolean,
          signal: AbortSignal,
        ): Promise<void> => {
          const [from, least] = [clock.at, written[page] as number];
          const headers: Record<string, string> = {
            'accept-language': language,
            ...(control === '' ? {} : { 'cache-control': control }),
          };
          if (known) headers['if-none-match'] = `"${version(page)}${language}"`;
          totals.reads++;
          const response = await cached(new Request(`http://a.example/${page}`, { headers, signal }));
          const did = response.headers.get('cache-status') ?? '';
          if (did.includes('; hit')) totals.hits++;
          if (did.includes('collapsed')) totals.collapsed++;
          if (did.includes('fwd-status=304')) totals.validated++;
          if (did.includes('ttl=-')) totals.stale++;
          const text = await response.text();
          if (response.status === 503) return;
          const tag = response.headers.get('etag')?.slice(1);
          const [, n, spoken, once = ''] =
            response.status === 304
              ? ['', String(Number.parseInt(tag ?? '', 10)), tag?.replace(/[^a-z]/g, '')]
              : text.split(' ');
          expect(spoken).toBe(language);
          expect(Number(n)).toBeGreaterThanOrEqual(least);
          const untrueSince = history[page]?.[Number(n) + 1] ?? Infinity;
          const lifetime = page === 2 ? 0 : control === 'no-cache' ? 0 : 1000 * (MAX_AGE + STALE);
          expect(untrueSince).toBeGreaterThanOrEqual(from - lifetime);
          if (page === 2) {
            expect(seenOnce.has(once)).toBe(false);
            seenOnce.add(once);
          }
        };
        const write = async (page: number): Promise<void> => {
          const response = await cached(new Request(`http://a.example/${page}`, { method: 'POST' }));
          written[page] = Math.max(written[page] as number, Number(await response.text()));
        };
        const expected = (error: unknown): void => {
          if (!(error instanceof Error) || !/^(down|cut|left)$/.test(error.message)) throw error;
          totals.failed++;
        };

        for (const step of ops) {
          if (step.kind === 'read') {
            const client = new AbortController();
            clients.push(client);
            ends.push(read(step.page, step.language, step.control, step.known, client.signal).catch(expected));
          } else if (step.kind === 'write') ends.push(write(step.page).catch(expected));
          else if (step.kind === 'change') history[step.page]?.push(clock.at);
          else if (step.kind === 'pass') clock.pass(step.seconds);
          else if (step.kind === 'leave') clients[step.which]?.abort(new Error('left'));
          else if (step.kind === 'late') timers.fire();
          else if (pending.length > 0) pending.splice(step.which % pending.length, 1)[0]?.answer(step.how);
          await settle(2);
        }
        // The end: everything is answered until nothing is asked any more.
        while (pending.length > 0) {
          for (const { answer } of pending.splice(0)) answer('fully');
          await settle(4);
        }
        await Promise.all(ends);
        expect(timers.waiting.size).toBe(0);
        expect(unheard.splice(0)).toEqual([]);
      }),
      { numRuns: runs },
    );
    // Promises that were never put to the test prove nothing.
    if (nightly) console.log('schedules', runs, totals);
    const { stale, ...often } = totals;
    for (const count of Object.values(often)) expect(count).toBeGreaterThan(0);
    if (nightly) expect(stale).toBeGreaterThan(0);
  });
});
