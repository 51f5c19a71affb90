/**
 * Product search: the catalogue in an inverted index, asked with Elasticsearch's query JSON.
 *
 * A name is one word to a person and three to an index, so each product carries its name split at `@`, `/`, `-`, `.`
 * and `_` beside the name itself. The weights say what a match is worth: a name ten times a README.
 */
import { InvertedIndex } from '@loadbearing/inverted-index';
import type { ProductHit, SearchAnswer, SearchPanel } from '../live-state.ts';
import { readReadme, type Product } from './scan.ts';

export const queryCharsMax = 200;
/** Search reads this much of a README; the rest is API reference more often than not. */
const readmeCharsIndexed = 24_000;
const timingsKept = 200;

const mappings = {
  properties: {
    title: { type: 'text', weight: 10 },
    keywords: { type: 'text', weight: 5 },
    description: { type: 'text', weight: 3 },
    readme: { type: 'text', weight: 1 },
  },
} as const;

export class ProductSearch {
  readonly #index: InvertedIndex<typeof mappings>;
  readonly #products: ReadonlyMap<string, Product>;
  readonly #clock: () => number;
  #searches = 0;
  #timingsMs: number[] = [];

  private constructor(
    index: InvertedIndex<typeof mappings>,
    products: ReadonlyMap<string, Product>,
    clock: () => number,
  ) {
    this.#index = index;
    this.#products = products;
    this.#clock = clock;
  }

  /** Indexes all products. `clock` measures, in milliseconds. */
  static async build(
    products: ReadonlyMap<string, Product>,
    clock: () => number,
    onProgress: (done: number) => void,
  ): Promise<ProductSearch> {
    const index = await InvertedIndex.open({ mappings });
    let done = 0;
    for (const product of products.values()) {
      const readme = await readReadme(product.dir);
      await index.index(
        {
          title: `${product.sku} ${product.sku.split(/[@/\-._]+/).join(' ')}`,
          keywords: product.keywords.join(' '),
          description: product.description,
          readme: plainText(readme.slice(0, readmeCharsIndexed)),
        },
        { id: product.sku },
      );
      onProgress(++done);
    }
    await index.refresh();
    return new ProductSearch(index, products, clock);
  }

  async search(query: string, from: number, size: number): Promise<SearchAnswer> {
    const startedMs = this.#clock();
    const mark = { pre_tags: ['<mark>'], post_tags: ['</mark>'] } as const;
    const response = await this.#index.search({
      query: { combined_fields: { query, fields: ['title', 'keywords', 'description', 'readme'], operator: 'and' } },
      from,
      size,
      _source: false,
      highlight: {
        ...mark,
        fields: {
          title: { number_of_fragments: 0 },
          description: { number_of_fragments: 0 },
          readme: { fragment_size: 140, number_of_fragments: 2 },
        },
      },
    });
    const tookMs = this.#clock() - startedMs;
    this.#searches++;
    this.#timingsMs = [...this.#timingsMs.slice(1 - timingsKept), tookMs];
    const hits = response.hits.hits.flatMap(({ _id, highlight }): ProductHit[] => {
      const product = this.#products.get(_id);
      if (product === undefined) return [];
      const { sku, version, license, priceCents, keywords } = product;
      return [
        {
          sku,
          version,
          license,
          priceCents,
          keywords,
          // The name stands first and has no blank in it; its words follow.
          titleHtml: highlight?.['title']?.[0]?.split(' ', 1)[0] ?? escapeHtml(sku),
          descriptionHtml: highlight?.['description']?.[0] ?? escapeHtml(product.description),
          fragmentsHtml: highlight?.['readme'] ?? [],
        },
      ];
    });
    return { query, total: response.hits.total?.value ?? 0, tookMs, hits };
  }

  panel(): SearchPanel {
    const sorted = this.#timingsMs.toSorted((a, b) => a - b);
    const at = (quantile: number): number | null => sorted[Math.floor(quantile * (sorted.length - 1))] ?? null;
    return { documents: this.#products.size, searches: this.#searches, p50Ms: at(0.5), p99Ms: at(0.99) };
  }

  async close(): Promise<void> {
    await this.#index.close();
  }
}

/** Markdown without its marks, as far as a search result shows them: no badges, no addresses, no HTML tags. */
export const plainText = (markdown: string): string =>
  markdown
    .replaceAll(/<!--[^]{0,2000}?-->|<\/?[a-z][^<>]{0,500}>/gi, ' ')
    .replaceAll(/!\[[^\]]{0,200}\]\([^)]{0,500}\)/g, ' ')
    .replaceAll(/\[([^\]]{0,200})\](\([^)]{0,500}\)|\[[^\]]{0,100}\])/g, '$1')
    // Blanks within the line only: across lines, a README of empty lines takes seconds.
    .replaceAll(/^[^\S\n]*(?:\[[^\]\n]+\]:.*$|(?:```|~~~|[-=*_]{3,}|\|[ :]*---).*$|(?:#{1,6}|>|[-*+]|\|)\s)/gm, ' ')
    .replaceAll(/[`*|]+/g, '')
    .replaceAll(/\s+/g, ' ');

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

export const escapeHtml = (text: string): string => text.replaceAll(/[&<>"']/g, (char) => entities[char]!);
