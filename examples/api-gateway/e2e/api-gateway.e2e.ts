/**
 * The gateway as a person meets it: the page in a real browser, in front of the real processes.
 *
 *   pnpm e2e                             the story below, in headless Chromium
 *   pnpm e2e --screenshot gateway.png    and a picture of it (path from this example's folder)
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
import { chromium } from 'playwright-core';

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

/** Waits until the number that the page shows is as wanted. */
async function shows(testId: string, what: string, isWanted: (value: number) => boolean): Promise<void> {
  const deadline = performance.now() + limitMs;
  for (;;) {
    const text = (await page.getByTestId(testId).textContent()) ?? '';
    if (isWanted(Number(text.replaceAll(',', '')))) return;
    assert.ok(performance.now() < deadline, `${testId} should be ${what}; it is ${text}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

async function setTimes(times: string): Promise<void> {
  await page.getByTestId('times').fill(times);
  await page.getByTestId('times').dispatchEvent('change');
  await page.getByTestId('times').blur();
}

const isPressed = (testId: string, pressed: boolean): Promise<void> =>
  page.locator(`[data-testid="${testId}"][aria-pressed="${String(pressed)}"]`).waitFor();

try {
  await step('the page opens, and the script ends with every claim held', async () => {
    await page.goto(values.url ?? example?.url ?? '');
    await page.getByTestId('phase').filter({ hasText: /^live/ }).waitFor();
    const broken = page.locator('[data-testid^="section-"][data-holds="false"]');
    assert.deepEqual(await broken.allTextContents(), [], 'claims that did not hold');
    assert.equal(await page.getByTestId('phase').textContent(), 'live, all claims held');
    assert.equal(await page.locator('[data-testid^="section-"][data-holds="true"]').count(), 5);
  });

  await step('below its capacity all is answered', () => shows('ok', 'above 50', (n) => n > 50));

  await step('at five times its capacity the bound keeps answers in time', async () => {
    await setTimes('5');
    await shows('limit', 'a number', (n) => n > 0);
    await shows('ok', 'above 100', (n) => n > 100);
  });

  await step('without the bound the queue grows, and nobody is answered in time', async () => {
    await page.getByTestId('bounded').click();
    await isPressed('bounded', false);
    await shows('waiting', 'above 200', (n) => n > 200);
    await shows('ok', 'below 20', (n) => n < 20);
  });

  await step('with the bound it comes back', async () => {
    await page.getByTestId('bounded').click();
    await isPressed('bounded', true);
    await shows('waiting', 'below 100', (n) => n < 100);
    await shows('ok', 'above 100', (n) => n > 100);
    await setTimes('0.8');
  });

  await step('a greedy user gets its share and no more', async () => {
    await page.getByTestId('greedy').click();
    await shows('greedy-refused', 'above 100', (n) => n > 100);
    await shows('greedy-admitted', 'at most 60', (n) => n > 0 && n <= 60);
    await page.getByTestId('greedy').click();
    await isPressed('greedy', false);
  });

  await step('the shared store hangs, the breaker opens, answers go on; it comes back', async () => {
    await page.getByTestId('hung').click();
    await page.getByTestId('breaker').filter({ hasText: /open/ }).waitFor();
    await shows('ok', 'above 50', (n) => n > 50);
    if (values.screenshot !== undefined) {
      await setTimes('3');
      await page.getByTestId('hung').click();
      await page.getByTestId('breaker').filter({ hasText: 'closed' }).waitFor();
      await shows('ok', 'above 100', (n) => n > 100);
      await page.evaluate('window.scrollTo(0, 0)');
      await page.screenshot({ path: path.resolve(exampleDir, values.screenshot), fullPage: true });
    } else {
      await page.getByTestId('hung').click();
    }
    await isPressed('hung', false);
    await page.getByTestId('breaker').filter({ hasText: 'closed' }).waitFor();
  });

  if (values.screenshots !== undefined) {
    for (const scheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme: scheme });
      await page.screenshot({ path: path.join(values.screenshots, `gateway-${scheme}.png`), fullPage: true });
    }
    await page.emulateMedia({ colorScheme: 'light' });
  }

  await step('the page logged no fault and fits a phone', async () => {
    await page.setViewportSize(phone);
    // As text: the example's types know no document.
    const width = await page.evaluate<number>('document.documentElement.scrollWidth');
    assert.ok(width <= phone.width, `the page is ${width} wide on a screen of ${phone.width}`);
    if (values.screenshots !== undefined) {
      await page.screenshot({ path: path.join(values.screenshots, 'gateway-phone.png'), fullPage: true });
    }
    assert.deepEqual(faults, []);
  });
  process.stdout.write(`${steps} steps in ${((performance.now() - beganMs) / 1000).toFixed(1)} s\n`);
} catch (error) {
  const picture = path.join(tmpdir(), 'api-gateway-e2e.png');
  await page.screenshot({ path: picture, fullPage: true }).catch(() => undefined);
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.stderr.write(`A picture of the page: ${picture}\n`);
  process.exitCode = 1;
} finally {
  await browser.close();
  await example?.stop();
}
