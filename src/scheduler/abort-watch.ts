/**
 * Callbacks on abort signals, with one listener a signal: thousands of tickets wait on the same one, and
 * adding or removing a listener of an `AbortSignal` walks over all that it has.
 */
export class AbortWatch {
  readonly #watched = new Map<
    AbortSignal,
    { readonly callbacks: Set<() => void>; readonly stop: () => void }
  >();

  /** Calls back once when `signal` aborts, unless the function it returns is called before. */
  on(signal: AbortSignal, callback: () => void): () => void {
    const { callbacks, stop } = this.#watched.get(signal) ?? this.#watch(signal);
    callbacks.add(callback);
    return () => {
      callbacks.delete(callback);
      if (callbacks.size === 0) stop();
    };
  }

  #watch(signal: AbortSignal) {
    const callbacks = new Set<() => void>();
    const stop = (): void => {
      signal.removeEventListener('abort', aborted);
      // An entry that came after this one stopped is another one.
      if (this.#watched.get(signal)?.callbacks === callbacks) this.#watched.delete(signal);
    };
    const aborted = (): void => {
      stop();
      for (const callback of callbacks) callback();
    };
    signal.addEventListener('abort', aborted);
    const entry = { callbacks, stop };
    this.#watched.set(signal, entry);
    return entry;
  }
}
