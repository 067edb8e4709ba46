/** What {@link State} needs of its tables. */
interface Transactional {
  commit(): void;
  discard(): void;
}

/**
 * A map whose changes take effect together with those of its {@link State}, or not at all. Values are
 * immutable: a change replaces the value.
 */
export class Table<K, V> implements Transactional {
  readonly #committed = new Map<K, V>();
  readonly #pending = new Map<K, V | undefined>();

  get(key: K): V | undefined {
    return this.#pending.has(key) ? this.#pending.get(key) : this.#committed.get(key);
  }

  set(key: K, value: V): void {
    this.#pending.set(key, value);
  }

  delete(key: K): void {
    this.#pending.set(key, undefined);
  }

  /** All values, pending changes included. */
  *values(): Generator<V> {
    for (const [key, value] of this.#committed) if (!this.#pending.has(key)) yield value;
    for (const value of this.#pending.values()) if (value !== undefined) yield value;
  }

  commit(): void {
    for (const [key, value] of this.#pending) {
      if (value === undefined) this.#committed.delete(key);
      else this.#committed.set(key, value);
    }
    this.#pending.clear();
  }

  discard(): void {
    this.#pending.clear();
  }
}

/** Tables that a transaction changes all together or not at all. */
export class State {
  readonly #tables: Transactional[] = [];

  table<K, V>(): Table<K, V> {
    const table = new Table<K, V>();
    this.#tables.push(table);
    return table;
  }

  commit(): void {
    for (const table of this.#tables) table.commit();
  }

  discard(): void {
    for (const table of this.#tables) table.discard();
  }
}
