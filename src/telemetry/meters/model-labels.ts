/** The label of every model that this node never ran. */
const OTHER = 'other';

/**
 * Model names as labels. Whoever sends a request chooses the name in it: only those that a device has run become a
 * label, so that nobody outside can make series without end.
 */
export class ModelLabels {
  readonly #known = new Set<string>();

  /** A device runs it. */
  add(model: string): void {
    this.#known.add(model);
  }

  of(model: string): string {
    return this.#known.has(model) ? model : OTHER;
  }
}
