/** What the terminal shows: one line of progress while it indexes, then the address and what to try. */
import process from 'node:process';
import type { Shop, ShopOptions } from './shop.ts';

type Progress = NonNullable<ShopOptions['onProgress']>;

export interface Welcome {
  readonly progress: Progress;
  readonly ready: (url: string, dataDir: string, shop: Shop) => void;
}

const money = (cents: number): string => (cents / 100).toLocaleString('en-US', { style: 'currency', currency: 'USD' });
const count = (n: number): string => n.toLocaleString('en-US');

export function welcome(out: NodeJS.WriteStream): Welcome {
  let shownMs = 0;
  const line = (text: string, isLast: boolean): void => {
    // A terminal overwrites the line; a file gets the last one only.
    if (out.isTTY) out.write(`\r\u001b[2K${text}${isLast ? '\n' : ''}`);
    else if (isLast) out.write(`${text}\n`);
  };
  return {
    progress: (phase, done, total) => {
      const isLast = done === total;
      if (!isLast && performance.now() - shownMs < 50) return;
      shownMs = performance.now();
      const of = total === undefined ? '' : ` of ${count(total)}`;
      const what = phase === 'reading' ? 'Reading packages' : 'Indexing their READMEs';
      line(`${what}: ${count(done)}${of}`, isLast);
    },
    ready: (url, dataDir, shop) => {
      out.write(`${report(url, dataDir, shop)}\n`);
    },
  };
}

function report(url: string, dataDir: string, shop: Shop): string {
  const { recovery } = shop;
  const { stock, money: cash } = shop.books();
  const lines = [
    '',
    `  The storefront is open: ${url}`,
    '',
    `  ${count(shop.products.size)} products: the packages in your node_modules. Data in ${dataDir}`,
  ];
  if (recovery.cleanShutdown !== null) {
    lines.push(
      `  ${recovery.cleanShutdown ? 'The last shop was closed in order.' : 'The last shop was killed.'} ` +
        `Replayed ${count(recovery.events)} events, took up ${count(recovery.ordersResumed)} open orders` +
        (recovery.productsMoved === 0 ? '.' : `, finished moving ${count(recovery.productsMoved)} products.`),
    );
  }
  const sign = (balanced: boolean): string => (balanced ? 'they add up' : 'THEY DO NOT ADD UP');
  lines.push(
    `  Units: ${count(stock.deliveredUnits)} delivered = ${count(stock.onHandUnits)} on hand + ` +
      `${count(stock.reservedUnits)} reserved + ${count(stock.soldUnits)} sold: ${sign(stock.balanced)}`,
    `  Money: ${money(cash.chargedCents)} charged - ${money(cash.refundedCents)} refunded = ` +
      `${money(cash.completedCents)} completed + ${money(cash.inFlightCents)} in flight: ${sign(cash.balanced)}`,
    '',
    '  Try: search for "parser"; order something; make payments fail and watch orders being undone;',
    '  send a flash crowd and see the front door hold; add a shard and see how little moves;',
    `  kill this process (kill -9 ${process.pid}), run npm start again and compare the two sums.`,
    '  Ctrl-C closes the shop.',
    '',
  );
  return lines.join('\n');
}
