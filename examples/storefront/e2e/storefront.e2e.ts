/**
 * The storefront as a person meets it: a real browser, a real process, the packages of this workspace as catalogue.
 *
 *   pnpm e2e                                the story below, in headless Chromium
 *   pnpm e2e --screenshot docs/storefront.png   and a picture of it (path from the root folder)
 *
 * Chromium is taken from CHROMIUM_PATH, by default /usr/bin/chromium. What the page says is compared with what the API
 * says; waiting is by condition, never by time.
 */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { chromium, type Locator, type Page } from 'playwright-core';
import type { OrderView } from '../src/live-state.ts';
import { ExampleProcess } from '@loadbearing-examples/page-kit/testing/example-process.ts';

const { values } = parseArgs({
  args: process.argv.slice(2).filter((arg) => arg !== '--'),
  options: { screenshot: { type: 'string' } },
});
const executablePath = process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium';
if (!existsSync(executablePath)) {
  process.stderr.write(`There is no Chromium at ${executablePath}: install one, or set CHROMIUM_PATH.\n`);
  process.exit(1);
}
const quiet = ['--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run'];
const limitMs = 60_000;

const dataDir = mkdtempSync(path.join(tmpdir(), 'storefront-e2e-'));
const browser = await chromium.launch({
  executablePath,
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', ...quiet],
});
const exampleDir = path.join(import.meta.dirname, '..');
const startShop = (port: number): Promise<ExampleProcess> =>
  ExampleProcess.start(exampleDir, ['--port', String(port), '--data', dataDir]);
let shop = await startShop(0);
const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
page.setDefaultTimeout(limitMs);
const faults: string[] = [];
page.on('pageerror', (error) => faults.push(error.message));

const at = (testId: string): Locator => page.getByTestId(testId).first();
let steps = 0;

async function step(name: string, run: () => Promise<void>): Promise<void> {
  await run();
  steps++;
  process.stdout.write(`  ok  ${name}\n`);
}

/** Waits until what an element says is as wanted. */
async function says(element: Locator, wanted: RegExp): Promise<string> {
  const deadline = performance.now() + limitMs;
  for (;;) {
    const text = (await element.textContent()) ?? '';
    if (wanted.test(text)) return text;
    assert.ok(performance.now() < deadline, `expected ${String(wanted)}, the page says "${text}"`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function booksBalance(on: Page = page): Promise<void> {
  for (const side of ['books-stock', 'books-money']) {
    await on.waitForSelector(`[data-testid="${side}"][data-balanced="true"]`);
  }
}

const api = async <T>(route: string): Promise<T> => (await (await fetch(`${shop.url}${route}`)).json()) as T;
const count = async (testId: string): Promise<number> =>
  Number(((await at(testId).textContent()) ?? '').replaceAll(',', ''));

/** Orders what is open on the page, as a click does, again while the door is crowded; the id is read from the answer. */
async function order(): Promise<string> {
  const deadline = performance.now() + limitMs;
  for (;;) {
    const answered = page.waitForResponse((response) => response.url().endsWith('/api/orders'));
    await at('order-button').click();
    const answer = await answered;
    if (answer.status() === 202) return ((await answer.json()) as { id: string }).id;
    assert.equal(answer.status(), 429);
    assert.ok(performance.now() < deadline, 'the crowd never left room for one order');
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

try {
  const acknowledged: string[] = [];

  await step('the page opens and the books of an empty shop add up', async () => {
    await page.goto(shop.url);
    await page.waitForSelector('[data-testid="connection"][data-state="live"]');
    await booksBalance();
  });

  await step('a search finds packages and marks what matched', async () => {
    await at('search-input').fill('markdown parser');
    await page.getByTestId('search-hit').first().waitFor();
    assert.ok((await page.locator('[data-testid="search-hit"] mark').count()) > 0);
    await page.getByTestId('search-hit').first().click();
    await at('product').waitFor();
  });

  await step('an order goes through announce, reserve, charge, ship and close', async () => {
    const id = await order();
    acknowledged.push(id);
    await says(at('order-status'), /completed/);
    const view = await api<OrderView>(`/api/orders/${id}`);
    assert.deepEqual(
      view.steps.map(({ name, status }) => `${name} ${status}`),
      ['announce done', 'reserve done', 'charge done', 'ship done', 'close done'],
    );
    await says(at('sagas-completed'), /^1$/);
  });

  await step('a declined payment undoes the order, newest step first', async () => {
    await at('payments-decline').click();
    await page.waitForSelector('[data-testid="payments-decline"][aria-pressed="true"]');
    const id = await order();
    acknowledged.push(id);
    await says(at('order-status'), /compensated/);
    const { reason, steps: undone } = await api<OrderView>(`/api/orders/${id}`);
    assert.match(reason ?? '', /declined/);
    const end = (name: string): number => undone.find((one) => one.name === name)?.undoEndMs ?? Number.NaN;
    assert.ok(
      end('reserve') <= end('announce'),
      'the reservation is released before the order is announced as cancelled',
    );
    await booksBalance();
  });

  await step('an answer that is lost charges once all the same', async () => {
    await at('payments-lose-answer').click();
    await page.waitForSelector('[data-testid="payments-lose-answer"][aria-pressed="true"]');
    acknowledged.push(await order());
    await says(at('order-status'), /completed/);
    await booksBalance();
    await at('payments-ok').click();
    await page.waitForSelector('[data-testid="payments-ok"][aria-pressed="true"]');
  });

  await step('a shard is added, and about 1/n of the products move', async () => {
    await at('add-shard').click();
    await page.getByTestId('remove-shard-shard-5').waitFor();
    await says(at('ring-change'), /20\.0\s*%/);
    await booksBalance();
  });

  await step('a flash crowd is held at the door while the shop goes on', async () => {
    await at('crowd-button').click();
    await says(at('gate-rejected'), /[1-9]/);
    if (values.screenshot !== undefined) {
      await page.setViewportSize({ width: 1440, height: 1460 });
      await says(page.getByText(/Crowd of 40: [1-4] s left/).first(), /left/);
      await page.screenshot({ path: path.join(import.meta.dirname, '..', '..', '..', values.screenshot) });
    }
  });

  await step('in the middle of it the process is killed: the page says so', async () => {
    // Orders of which the journal knows and nothing else can: the payment service is down.
    await at('payments-down').click();
    await page.waitForSelector('[data-testid="payments-down"][aria-pressed="true"]');
    acknowledged.push(await order());
    await at('kill-button').click();
    await at('kill-confirm').click();
    assert.equal(await shop.gone(), 'SIGKILL');
    await page.waitForSelector('[data-testid="connection"][data-state="lost"]');
  });

  await step('started again, it finds every order, and both sums add up', async () => {
    shop = await startShop(shop.port);
    await page.waitForSelector('[data-testid="connection"][data-state="live"]');
    await says(at('recovery'), /kill/i);
    const ends: string[] = [];
    for (const id of acknowledged) {
      const deadline = performance.now() + limitMs;
      let view = await api<OrderView>(`/api/orders/${id}`);
      while (view.status !== 'completed' && view.status !== 'compensated') {
        assert.ok(performance.now() < deadline, `order ${id} is still ${view.status}`);
        await new Promise((resolve) => setTimeout(resolve, 100));
        view = await api<OrderView>(`/api/orders/${id}`);
      }
      ends.push(view.status);
    }
    // The last one was under way: it is charged after all, or given up, but it ends.
    assert.deepEqual(ends.slice(0, 3), ['completed', 'compensated', 'completed']);
    assert.equal(ends.length, 4);
    await booksBalance();
    assert.ok((await count('sagas-completed')) >= 2);
    await page.getByTestId('remove-shard-shard-5').waitFor();
  });

  await step('the page had no error of its own', async () => assert.deepEqual(faults, []));
  process.stdout.write(`storefront e2e: ${steps} steps passed\n`);
} catch (error) {
  await page.screenshot({ path: path.join(tmpdir(), 'storefront-e2e-failure.png') }).catch(() => undefined);
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exitCode = 1;
} finally {
  await browser.close();
  await shop.stop();
  rmSync(dataDir, { recursive: true, force: true });
}
