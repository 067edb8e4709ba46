/** Beyond this the system's clock was set, or the machine slept, ms. */
const MAX_DRIFT_MS = 50;

/**
 * Time of day in ms since 1970 with fractions. Within a span it runs evenly: steps of the system's clock below
 * {@link MAX_DRIFT_MS} do not show in durations.
 */
export class TraceClock {
  #originMs = performance.timeOrigin;

  now(): number {
    const nowMs = this.#originMs + performance.now();
    const driftMs = Date.now() - nowMs;
    if (Math.abs(driftMs) <= MAX_DRIFT_MS) return nowMs;
    this.#originMs += driftMs;
    return nowMs + driftMs;
  }
}
