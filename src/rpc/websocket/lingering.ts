interface Request {
  readonly lingerMs: number;
  readonly cancel: () => void;
  readers: number;
  timer: NodeJS.Timeout | undefined;
}

/**
 * Requests that outlive the connection of their owner for a while. Each lives as long as somebody reads it; when
 * the last reader is gone its time begins, and it is cancelled where no reader comes by the end of that.
 */
export class LingeringRequests {
  readonly #requests = new Map<string, Request>();

  /**
   * Adds a request, whose owner is its first reader.
   * @param lingerMs how long it goes on without readers, above 0
   * @param cancel ends it
   * @returns false where there is one of that id, which this one cannot be then
   */
  add(requestId: string, lingerMs: number, cancel: () => void): boolean {
    if (this.#requests.has(requestId)) return false;
    this.#requests.set(requestId, { lingerMs, cancel, readers: 1, timer: undefined });
    return true;
  }

  /** A reader came. */
  join(requestId: string): void {
    const request = this.#requests.get(requestId);
    if (request === undefined) return;
    request.readers++;
    clearTimeout(request.timer);
    request.timer = undefined;
  }

  /** A reader is gone. */
  leave(requestId: string): void {
    const request = this.#requests.get(requestId);
    if (request === undefined) return;
    request.readers--;
    if (request.readers > 0) return;
    request.timer = setTimeout(() => {
      this.#requests.delete(requestId);
      request.cancel();
    }, request.lingerMs);
    request.timer.unref();
  }

  /** The request has ended. */
  remove(requestId: string): void {
    clearTimeout(this.#requests.get(requestId)?.timer);
    this.#requests.delete(requestId);
  }

  /** Cancels all of them. */
  stop(): void {
    const requests = [...this.#requests.values()];
    this.#requests.clear();
    for (const { timer, cancel } of requests) {
      clearTimeout(timer);
      cancel();
    }
  }
}
