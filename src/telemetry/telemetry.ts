import type { JobObserver } from '../core/index.js';

/** What the node measures of its work, and tells of it: metrics always, traces where they are asked for. */
export class Telemetry {
  /** For the scheduler. */
  readonly observers: readonly JobObserver[] = [];

  /** Sends what was not sent yet, and ends. */
  async stop(): Promise<void> {}
}
