/**
 * The ring lab as a person meets it: a real browser, the built package, a real world behind the live map.
 *
 *   pnpm e2e                             the story below, in headless Chromium
 *   pnpm e2e --screenshot lab.png        and a picture of it (path from this example's folder)
 *   pnpm e2e --screenshots <folder>      pictures in light, dark and on a phone, to be looked at
 *   pnpm e2e --url <address>             against a world that runs already
 *
 * Chromium is taken from CHROMIUM_PATH, by default /usr/bin/chromium. Waiting is by condition, never by time.
 */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { chromium, type Page } from 'playwright-core';
import { checkGolden } from './golden.ts';
import { ExampleProcess } from '@loadbearing-examples/page-kit/testing/example-process.ts';

const { values } = parseArgs({
  args: process.argv.slice(2).filter((arg) => arg !== '--'),
  options: { screenshot: { type: 'string' }, screenshots: { type: 'string' }, url: { type: 'string' } },
});
const executablePath = process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium';
if (!existsSync(executablePath)) {
  process.stderr.write(`There is no Chromium at ${executablePath}: install one, or set CHROMIUM_PATH.\n`);
  process.exit(1);
}
const quiet = ['--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run'];
const limitMs = 90_000;
const desk = { width: 1280, height: 900 };
const phone = { width: 390, height: 844 };
const exampleDir = path.join(import.meta.dirname, '..');
const beganMs = performance.now();

const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu', ...quiet] });
const world =
  values.url === undefined
    ? await ExampleProcess.start(exampleDir, ['--port', '0', '--quick', '--engine', 'memory'])
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
  process.stdout.write(`  ok  ${name}\n`);
}

const click = (testId: string, on: Page = page): Promise<void> => on.getByTestId(testId).click();

/** The number behind what an element says, once it is as wanted. */
async function numberAt(testId: string, wanted: (value: number) => boolean, what: string): Promise<number> {
  const deadline = performance.now() + limitMs;
  for (;;) {
    const text = await page.getByTestId(testId).getAttribute('data-value');
    const value = text === null || text === '' ? Number.NaN : Number(text);
    if (wanted(value)) return value;
    assert.ok(performance.now() < deadline, `${testId} should be ${what}, it is ${String(text)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
const numberNow = async (testId: string): Promise<number> =>
  Number(await page.getByTestId(testId).getAttribute('data-value'));
const changeSays = (wanted: RegExp): Promise<void> =>
  page.getByTestId('change-title').filter({ hasText: wanted }).waitFor();

/** Peak/mean of two full seconds: the window fills again after every change. */
async function settledPeak(): Promise<number> {
  await new Promise((resolve) => setTimeout(resolve, 2200));
  return numberAt('peak', (value) => value > 0, 'there');
}

async function setBound(place: number): Promise<void> {
  await page.getByTestId('bound').fill(String(place));
}

/** Every shard that has slots, as the page lists them. */
const holders = (): Promise<string[]> =>
  page
    .locator('[data-testid^="shard-"]')
    .filter({ hasText: /\b[1-9][\d,]* slots?/ })
    .evaluateAll((rows) => rows.map((row) => row.getAttribute('data-testid') ?? ''));
const phaseIs = (...phases: string[]): Promise<unknown> =>
  page.waitForSelector(phases.map((phase) => `#live[data-phase="${phase}"]`).join(','));

async function noViolations(): Promise<void> {
  for (const kind of ['lost', 'stale', 'resurrected']) {
    assert.equal(await page.getByTestId(`violations-${kind}`).textContent(), '0', `${kind} operations`);
  }
}

async function fitsThePhone(): Promise<void> {
  // As text: the example's types know no document.
  const width = await page.evaluate<number>('document.documentElement.scrollWidth');
  assert.ok(width <= phone.width, `the page is ${width} wide on a screen of ${phone.width}`);
}

try {
  await step('the page opens, its traffic flows and full caches hit', async () => {
    await page.goto(values.url ?? world?.url ?? '');
    await numberAt('peak', (value) => value >= 1, 'at least 1');
    for (const kind of ['ring', 'slots', 'modulo']) assert.equal(await numberNow(`hits-${kind}`), 1);
  });

  await step('the golden owners are the same in this browser', async () => {
    const { compared, skipped } = await checkGolden(page);
    assert.ok(compared.length >= 6);
    process.stdout.write(`      ${compared.length} cases compared, without inputs: ${skipped.join(', ') || 'none'}\n`);
  });

  await step('a node joins: ring and slots move a seventh and nothing needlessly, mod-N most keys', async () => {
    await click('add-node');
    await changeSays(/node-7 joined/i);
    for (const kind of ['ring', 'slots']) {
      const moved = await numberNow(`moved-${kind}`);
      assert.ok(Math.abs(moved - 1 / 7) < 0.03, `${kind} moved ${moved}`);
      assert.equal(await numberNow(`needless-${kind}`), 0);
    }
    assert.ok((await numberNow('moved-modulo')) > 0.6);
    await numberAt('hits-modulo', (ratio) => ratio < 0.8, 'below 80%');
    await numberAt('misses-modulo', (misses) => misses > 3000, 'above 3000');
    const ring = await numberAt('hits-ring', (ratio) => ratio > 0.9, 'above 90%');
    assert.ok(ring > (await numberNow('hits-modulo')), 'the ring is ahead of mod-N');
    assert.ok((await numberNow('misses-ring')) * 3 < (await numberNow('misses-modulo')));
  });

  await step('a zone goes down and comes back: keys with copies in two zones keep one', async () => {
    await click('power-north');
    await changeSays(/zone north went down/i);
    await page.getByText(/0\.0% when they lie in two zones/).waitFor();
    assert.equal(await numberNow('needless-ring'), 0);
    await click('power-north');
    await changeSays(/came back/i);
  });

  await step('a node gets twice the weight, then leaves', async () => {
    await click('double-node-2');
    await changeSays(/node-2 now weighs 2/i);
    assert.equal(await numberNow('needless-slots'), 0);
    await click('remove-node-2');
    await changeSays(/node-2 left/i);
    await page.getByTestId('row-node-2').waitFor({ state: 'detached' });
  });

  await step('it all works from the keyboard, and the focus stays near what was pressed', async () => {
    await page.getByTestId('add-node').press('Enter');
    // The lowest free name.
    await page.getByTestId('row-node-2').waitFor();
    await page.getByTestId('bound').press('ArrowRight');
    await page.getByTestId('bound-value').filter({ hasText: '2.00' }).waitFor();
    await page.getByTestId('bound').press('Home');
    await page.getByTestId('bound-value').filter({ hasText: 'off' }).waitFor();
    await page.getByTestId('remove-node-1').press('Enter');
    await page.getByTestId('row-node-1').waitFor({ state: 'detached' });
    assert.equal(await page.evaluate<string>('document.activeElement?.dataset.testid'), 'remove-node-4');
  });

  await step('a hot key raises peak/mean, splitting it brings it down', async () => {
    await click('reset');
    const calm = await settledPeak();
    await click('hot-key');
    const hot = await settledPeak();
    assert.ok(hot > calm + 0.3, `calm ${calm}, with a hot key ${hot}`);
    await page
      .getByTestId('hot-line')
      .filter({ hasText: /user:hot/ })
      .waitFor();
    await click('split');
    const split = await settledPeak();
    assert.ok(split < 1.25 && split < hot, `with a hot key ${hot}, split ${split}`);
    await click('split');
  });

  await step('the load bound holds the peak where it stands', async () => {
    await setBound(16);
    await page.getByTestId('bound-value').filter({ hasText: '1.25' }).waitFor();
    const bounded = await settledPeak();
    // Each tick of 500 requests may round up by one request on one of six nodes.
    assert.ok(bounded <= 1.25 + 6 / 500, `bounded at 1.25 the peak is ${bounded}`);
    await setBound(0);
    await click('hot-key');
  });

  await step('the live migration runs to its end without a lost, stale or resurrected operation', async () => {
    await phaseIs('done');
    await noViolations();
  });

  await step('a shard added by the button takes its slots under load', async () => {
    const before = await holders();
    if (values.screenshot !== undefined) await setTheScene();
    await click('add-shard');
    await phaseIs('moving');
    if (values.screenshot !== undefined) await picture(values.screenshot);
    await phaseIs('done', 'idle');
    const after = await holders();
    assert.equal(after.length, before.length + 1, `before ${before.join(', ')}; after ${after.join(', ')}`);
    await noViolations();
  });

  await step('and one removed by the button gives them back', async () => {
    const before = await holders();
    await click('remove-shard');
    await phaseIs('moving');
    await phaseIs('done', 'idle');
    assert.equal((await holders()).length, before.length - 1);
    await noViolations();
  });

  await step('on a phone nothing is wider than the screen', async () => {
    await page.setViewportSize(phone);
    await page.getByTestId('view-slots').click();
    await fitsThePhone();
    if (values.screenshots !== undefined) await pictures(values.screenshots);
  });

  await step('the page had no error of its own', async () => assert.deepEqual(faults, []));
  process.stdout.write(
    `ring lab e2e: ${steps} steps passed in ${((performance.now() - beganMs) / 1000).toFixed(0)} s\n`,
  );
} catch (error) {
  const shot = path.join(tmpdir(), 'ring-lab-e2e-failure.png');
  await page.screenshot({ path: shot, fullPage: true }).catch(() => undefined);
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\nSee ${shot}\n`);
  process.exitCode = 1;
} finally {
  await browser.close();
  await world?.stop();
}

/** For the READMEs: a change in the lab some seconds ago, so that the lines tell a story. */
async function setTheScene(): Promise<void> {
  await click('add-node');
  await numberAt('misses-modulo', (misses) => misses > 6000, 'above 6000');
}

/** ... and, below it, a migration half way. */
async function picture(file: string): Promise<void> {
  await page.setViewportSize({ width: 1280, height: 1560 });
  await page.mouse.move(0, 0);
  await page
    .getByTestId('rows-moved')
    .filter({ hasText: /^([5-9]|1\d)\./ })
    .waitFor();
  await page.screenshot({ path: path.resolve(exampleDir, file), fullPage: true });
  await page.setViewportSize(desk);
}

async function pictures(folder: string): Promise<void> {
  await page.mouse.move(0, 0);
  await page.screenshot({ path: path.join(folder, 'phone.png'), fullPage: true });
  await page.setViewportSize(desk);
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    await page.screenshot({ path: path.join(folder, `${colorScheme}.png`), fullPage: true });
  }
}
