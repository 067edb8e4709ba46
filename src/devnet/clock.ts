/** A clock that tests can move forward. */
export class Clock {
  #offsetMs = 0;

  /** ms since 1970, as this chain sees it. */
  now(): number {
    return Date.now() + this.#offsetMs;
  }

  advance(ms: number): void {
    this.#offsetMs += ms;
  }
}
