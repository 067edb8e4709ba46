/** Repeats come from the seam between history and live stream, which is far shorter than this. */
const KEPT_IDS = 10_000;

/** Remembers at least the newest {@link KEPT_IDS} ids it was given, at most twice as many. */
export class RecentIds {
  // Two generations, since dropping the oldest of one Set costs a walk over all that were dropped before.
  #older = new Set<string>();
  #newer = new Set<string>();

  /** False where the id is among those remembered. */
  add(id: string): boolean {
    if (this.#newer.has(id) || this.#older.has(id)) return false;
    if (this.#newer.size >= KEPT_IDS) {
      this.#older = this.#newer;
      this.#newer = new Set();
    }
    this.#newer.add(id);
    return true;
  }
}
