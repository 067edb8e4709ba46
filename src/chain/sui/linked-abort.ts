/** A controller of its own that also aborts with its parents, until it is released. */
export interface LinkedAbort {
  readonly signal: AbortSignal;
  abort(): void;
  /** Aborts, and lets go of the parents. Always call it. */
  release(): void;
}

/**
 * A fresh controller below `parents`. gRPC's transport adds a listener per call to the signal it is given
 * and never removes it, so a signal that lives as long as the node must not be handed to it.
 */
export function linkAbort(...parents: readonly AbortSignal[]): LinkedAbort {
  const controller = new AbortController();
  const abort = (): void => controller.abort();
  for (const parent of parents) {
    if (parent.aborted) abort();
    else parent.addEventListener('abort', abort, { once: true });
  }
  return {
    signal: controller.signal,
    abort,
    release: () => {
      for (const parent of parents) parent.removeEventListener('abort', abort);
      abort();
    },
  };
}
