/**
 * Product pages: a README from the disk, rendered, behind a cache that loads each page once.
 *
 * The work worth saving is real: reading a file and turning Markdown into HTML. However many people open a page at
 * once, one of them causes the load and the others join it; after `ttl` one more answer is the old page while a new
 * one is made. READMEs are strangers' text: raw HTML is shown as text, dangerous links are no links, and images, which
 * live on other hosts, are their alternative text.
 */
import { LoadingCache } from '@loadbearing/lru-cache';
import MarkdownIt from 'markdown-it';
import type { CachePanel } from '../live-state.ts';
import { readReadme, type Product } from './scan.ts';
import { escapeHtml } from './search.ts';

const max = 200;
const ttlMs = 60_000;
const windowSeconds = 60;
const renderedCharsMax = 64_000;

const markdown = new MarkdownIt({ html: false });
markdown.renderer.rules['image'] = (tokens, at) => escapeHtml(tokens[at]?.content ?? '');

export class ProductPages {
  readonly #cache: LoadingCache<string, string>;
  readonly #clock: () => number;
  /** Hits and misses at the end of each of the last seconds. */
  #history: { readonly hits: number; readonly misses: number }[] = [];
  #hits = 0;
  #misses = 0;

  constructor(products: ReadonlyMap<string, Product>, clock: () => number) {
    this.#clock = clock;
    this.#cache = new LoadingCache({
      max,
      ttl: ttlMs,
      staleWhileRevalidateMs: 30_000,
      maxConcurrentLoads: 4,
      load: async (sku) => {
        const product = products.get(sku);
        if (product === undefined) return undefined;
        const readme = (await readReadme(product.dir)).slice(0, renderedCharsMax);
        return markdown.render(readme);
      },
    });
  }

  /** The page's HTML, and whether it was there; undefined for a product there is not. */
  async page(
    sku: string,
  ): Promise<{ readonly html: string; readonly outcome: 'hit' | 'miss'; readonly tookMs: number } | undefined> {
    const startedMs = this.#clock();
    const outcome = this.#cache.has(sku) ? 'hit' : 'miss';
    const html = await this.#cache.fetch(sku);
    if (html === undefined) return undefined;
    if (outcome === 'hit') this.#hits++;
    else this.#misses++;
    return { html, outcome, tookMs: this.#clock() - startedMs };
  }

  expire(): number {
    const { size } = this.#cache;
    this.#cache.clear();
    return size;
  }

  /** Called once a second. */
  tick(): void {
    this.#history = [...this.#history.slice(1 - windowSeconds), { hits: this.#hits, misses: this.#misses }];
  }

  panel(): CachePanel {
    const before = this.#history[0] ?? { hits: 0, misses: 0 };
    const [hits, misses] = [this.#hits - before.hits, this.#misses - before.misses];
    const { loads, joined, evictions, size } = this.#cache.stats();
    return {
      hits: this.#hits,
      misses: this.#misses,
      recentHitRatio: hits + misses === 0 ? null : hits / (hits + misses),
      loads,
      joined,
      evictions,
      size,
      max,
      ttlMs,
    };
  }
}
