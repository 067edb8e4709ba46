/** Repeats come from the seam between history and live stream, which is far shorter than this. */
const KEPT_IDS = 10_000;

/** Remembers the newest ids it was given. */
export class RecentIds {
  readonly #ids = new Set<string>();

  /** False where the id is among those remembered. */
  add(id: string): boolean {
    if (this.#ids.has(id)) return false;
    this.#ids.add(id);
    if (this.#ids.size > KEPT_IDS) {
      // A Set keeps insertion order: the first one is the oldest.
      for (const oldest of this.#ids) {
        this.#ids.delete(oldest);
        break;
      }
    }
    return true;
  }
}
