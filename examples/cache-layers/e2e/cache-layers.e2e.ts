/**
 * Cache layers as a person meets them: a real browser with its service worker, in front of the real processes.
 *
 *   pnpm e2e                             the story below, in headless Chromium
 *   pnpm e2e --screenshot layers.png     and a picture of it (path from this example's folder)
 *   pnpm e2e --screenshots <folder>      pictures in light, dark and on a phone, to be looked at
 *   pnpm e2e --url <address>             against an example that runs already
 *
 * Chromium is taken from CHROMIUM_PATH, by default /usr/bin/chromium. Waiting is by condition, never by time.
 */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { ExampleProcess } from '@loadbearing-examples/page-kit/testing/example-process.ts';
import { chromium, type Page } from 'playwright-core';

const { values } = parseArgs({
  args: process.argv.slice(2).filter((arg) => arg !== '--'),
  options: { screenshot: { type: 'string' }, screenshots: { type: 'string' }, url: { type: 'string' } },
});
const executablePath = process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium';
if (!existsSync(executablePath)) {
  process.stderr.write(`There is no Chromium at ${executablePath}: install one, or set CHROMIUM_PATH.\n`);
  process.exit(1);
}
const exampleDir = path.join(import.meta.dirname, '..');
const quiet = ['--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run'];
const limitMs = 300_000;
const desk = { width: 1280, height: 900 };
const phone = { width: 390, height: 844 };
const beganMs = performance.now();

const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu', ...quiet] });
const example =
  values.url === undefined
    ? await ExampleProcess.start(exampleDir, ['--port', '0', '--quick', '--seed', '1'])
    : undefined;
const page = await browser.newPage({ viewport: desk });
page.setDefaultTimeout(limitMs);
const faults: string[] = [];
page.on('pageerror', (error) => faults.push(error.message));
page.on('console', (message) => {
  if (message.type() === 'error') faults.push(message.text());
});

let steps = 0;
async function step(name: string, run: () => Promise<unknown>): Promise<void> {
  await run();
  steps++;
  process.stdout.write(`  ok  ${name} (${((performance.now() - beganMs) / 1000).toFixed(0)} s)\n`);
}

interface Answer {
  readonly stop: string;
  readonly version: number;
  readonly status: string;
}

/** Clicks, and what the page then says about the answer. */
async function read(item: number): Promise<Answer> {
  await page.getByTestId('item').fill(String(item));
  // What is there already is marked, so that the next one can be told from it.
  await page.evaluate(
    `document.querySelectorAll('[data-testid="answers"] li').forEach((row) => row.dataset.seen = 'yes')`,
  );
  await page.getByTestId('read').click();
  const row = page.locator('[data-testid="answers"] li[data-stop]:not([data-seen])').first();
  await row.waitFor();
  return {
    stop: (await row.getAttribute('data-stop')) ?? '',
    version: Number(await row.getAttribute('data-version')),
    status: (await row.getAttribute('data-status')) ?? '',
  };
}

/** Reads until it is as wanted; all answers on the way. */
async function readUntil(item: number, what: string, isWanted: (answer: Answer) => boolean): Promise<Answer[]> {
  const answers: Answer[] = [];
  const deadline = performance.now() + limitMs;
  for (;;) {
    const answer = await read(item);
    answers.push(answer);
    if (isWanted(answer)) return answers;
    assert.ok(performance.now() < deadline, `never ${what}; last: ${answer.status}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function shareOf(layer: string, isWanted: (share: number) => boolean, what: string): Promise<number> {
  const deadline = performance.now() + limitMs;
  for (;;) {
    const text = await page.getByTestId(`${layer}-share`).getAttribute('data-value');
    const share = Number(text ?? 'NaN');
    if (isWanted(share)) return share;
    assert.ok(performance.now() < deadline, `${layer} should have a share that is ${what}; it has ${String(text)}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

async function change(item: number): Promise<void> {
  await page.getByTestId('item').fill(String(item));
  await page.getByTestId('write').click();
  await page.getByText(`somebody changed item ${item}`).first().waitFor();
}

async function fitsThePhone(on: Page): Promise<void> {
  // As text: the example's types know no document.
  const width = await on.evaluate<number>('document.documentElement.scrollWidth');
  assert.ok(width <= phone.width, `the page is ${width} wide on a screen of ${phone.width}`);
}

try {
  await step('the page opens, its service worker takes over, the script ends with every claim held', async () => {
    await page.goto(values.url ?? example?.url ?? '');
    await page.getByTestId('worker').filter({ hasText: 'caching' }).waitFor();
    await page.getByTestId('phase').filter({ hasText: /^live/ }).waitFor();
    const broken = page.locator('[data-testid^="section-"][data-holds="false"]');
    assert.deepEqual(await broken.allTextContents(), [], 'claims that did not hold');
    assert.equal(await page.getByTestId('phase').textContent(), 'live, all claims held');
    assert.equal(await page.locator('[data-testid^="section-"][data-holds="true"]').count(), 9);
  });

  await step('reads flow and stop at every layer', async () => {
    for (const layer of ['browser', 'edge', 'database']) await shareOf(layer, (share) => share > 0, 'above 0');
    assert.equal(await page.getByTestId('errors').textContent(), '0');
  });

  await step('first read from further down, second from the service worker', async () => {
    const first = await read(1234);
    assert.notEqual(first.stop, 'browser');
    assert.match(first.status, /browser; fwd=uri-miss/);
    const answers = await readUntil(1234, 'answered by the service worker', ({ stop }) => stop === 'browser');
    assert.match(answers.at(-1)?.status ?? '', /browser; hit/);
  });

  await step('stale-while-revalidate shows the old value from the browser, then the new one', async () => {
    const kept = await readUntil(1235, 'kept by the browser', ({ stop }) => stop === 'browser');
    const old = kept.at(-1)!.version;
    await change(1235);
    const answers = await readUntil(1235, 'new', ({ version }) => version > old);
    const stale = answers.filter(({ stop, version }) => stop === 'browser' && version === old);
    assert.ok(stale.length > 0, 'the old value was never shown from the browser');
    assert.equal(answers.at(-1)?.version, old + 1);
  });

  await step('what has been stale too long and has not changed costs a 304', async () => {
    await read(1236);
    await new Promise((resolve) => setTimeout(resolve, 6500));
    const { status, version } = await read(1236);
    assert.match(status, /browser; fwd=stale; fwd-status=304/);
    assert.equal(version, 1);
  });

  await step('a switch changes the waterfall, here and in this browser', async () => {
    await page.getByTestId('switch-browser').click();
    await page.getByTestId('worker').filter({ hasText: 'switched off' }).waitFor();
    await shareOf('browser', (share) => share === 0, '0');
    await shareOf('edge', (share) => share > 0, 'above 0');
    for (let i = 0; i < 3; i++) {
      const { stop, status } = await read(1237);
      assert.notEqual(stop, 'browser');
      assert.doesNotMatch(status, /browser/);
    }
    await page.getByTestId('switch-edge').click();
    await shareOf('edge', (share) => share === 0, '0');
    await shareOf('l1', (share) => share > 0, 'above 0');
    await page.getByTestId('switch-browser').click();
    await page.getByTestId('switch-edge').click();
    await shareOf('browser', (share) => share > 0.05, 'above 5 %');
    await shareOf('edge', (share) => share > 0.05, 'above 5 %');
  });

  await step('the bus can be cut, and comes back', async () => {
    await page.getByTestId('cut-bus').click();
    await page.getByTestId('bus').filter({ hasText: 'cut' }).waitFor();
    await page.getByTestId('cut-bus').click();
    await page.getByTestId('bus').filter({ hasText: 'up' }).waitFor();
  });

  await step('the page logged no fault and fits a phone', async () => {
    assert.deepEqual(faults, []);
    await page.setViewportSize(phone);
    // A wide table scrolls in its own place.
    await page.getByTestId('section-1').locator('summary').click();
    await fitsThePhone(page);
    await page.getByTestId('section-1').locator('summary').click();
    await page.setViewportSize(desk);
  });

  if (values.screenshot !== undefined || values.screenshots !== undefined) await pictures();
  process.stdout.write(`${steps} steps in ${((performance.now() - beganMs) / 1000).toFixed(1)} s\n`);
} catch (error) {
  const file = path.join(tmpdir(), 'cache-layers-e2e.png');
  await page.screenshot({ path: file, fullPage: true }).catch(() => undefined);
  process.stderr.write(
    `${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n${faults.join('\n')}\n`,
  );
  process.stderr.write(`A picture of the page: ${file}\n`);
  process.exitCode = 1;
} finally {
  await browser.close();
  await example?.stop();
}

async function pictures(): Promise<void> {
  await page.getByTestId('section-1').locator('summary').click();
  // The controls stick to the top of what is seen, and in a picture of all of it that is its own top.
  await page.evaluate('window.scrollTo(0, 0)');
  for (const scheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme: scheme });
    if (values.screenshots !== undefined) {
      await page.screenshot({ path: path.join(values.screenshots, `desk-${scheme}.png`), fullPage: true });
    }
    if (values.screenshot !== undefined && scheme === 'light') {
      await page.screenshot({ path: path.resolve(exampleDir, values.screenshot), fullPage: true });
    }
  }
  if (values.screenshots === undefined) return;
  await page.setViewportSize(phone);
  await page.screenshot({ path: path.join(values.screenshots, 'phone-dark.png'), fullPage: true });
}
