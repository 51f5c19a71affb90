/** The slot map as the world sees it: the last document that it has read, never an older one. */
import { slotsFromJSON, type Slots } from '@loadbearing/consistent-hash';
import type { SlotMapDocument, SlotMapStore } from '@loadbearing/consistent-hash/migrate';

export class SlotMapView {
  readonly #store: SlotMapStore;
  #document: SlotMapDocument;
  #slots: Slots;
  #reading: Promise<void> | undefined;

  /** Of a store that holds a map. */
  static async open(store: SlotMapStore): Promise<SlotMapView> {
    return new SlotMapView(store, (await store.load())!);
  }

  private constructor(store: SlotMapStore, document: SlotMapDocument) {
    this.#store = store;
    this.#document = document;
    this.#slots = slotsFromJSON(document.slots);
  }

  get epoch(): number {
    return this.#document.epoch;
  }

  get slots(): Slots {
    return this.#slots;
  }

  /** Whether no goal is left to be reached. */
  get isAtRest(): boolean {
    return this.#document.goal === null;
  }

  /** Reads the map again. Who asks while it is read waits for the reading after that, which is newer than its reason. */
  async refresh(): Promise<void> {
    await this.#reading;
    await (this.#reading ??= this.#read().finally(() => (this.#reading = undefined)));
  }

  async #read(): Promise<void> {
    const document = await this.#store.load();
    if (document === undefined || document.epoch <= this.#document.epoch) return;
    this.#document = document;
    this.#slots = slotsFromJSON(document.slots);
  }
}
