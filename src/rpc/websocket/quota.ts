/** How many of something each caller holds, and all together. */
export class Quota {
  readonly #limits: { readonly perKey: number; readonly total: number };
  readonly #held = new Map<string, number>();
  #total = 0;

  /** @param limits how many one caller may hold, and all of them together */
  constructor(limits: { readonly perKey: number; readonly total: number }) {
    this.#limits = limits;
  }

  /**
   * Takes one, to be given back.
   * @param key of whom it is, see {@link Principal.id}
   * @returns the limit that was in the way; undefined where none was
   */
  take(key: string): number | undefined {
    const { perKey, total } = this.#limits;
    const held = this.#held.get(key) ?? 0;
    if (held >= perKey) return perKey;
    if (this.#total >= total) return total;
    this.#held.set(key, held + 1);
    this.#total++;
    return undefined;
  }

  giveBack(key: string): void {
    const held = this.#held.get(key) ?? 0;
    if (held > 1) this.#held.set(key, held - 1);
    else this.#held.delete(key);
    this.#total--;
  }
}
