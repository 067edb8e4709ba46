import { setMaxListeners } from 'node:events';
import type { Logger } from 'pino';
import type { Endpoint } from './endpoint.js';
import { linkAbort } from './linked-abort.js';
import { describeError } from './rpc-errors.js';
import { millisecondsOf } from './timestamp.js';

/** Events that concern one node are seldom more in a stretch of history; each entry is two numbers. */
const KEPT_TIMES = 1_000;
/** Enough to hide the way to the endpoint, not enough to be taken for an attack. */
const ASKED_AT_ONCE = 16;

/** When checkpoints were made, as the chain says; each is asked for once. */
export class CheckpointTimes {
  readonly #endpoint: Endpoint;
  readonly #logger: Logger;
  readonly #times = new Map<bigint, number>();

  constructor(modules: { readonly endpoint: Endpoint; readonly logger: Logger }) {
    this.#endpoint = modules.endpoint;
    this.#logger = modules.logger;
  }

  /**
   * ms since 1970 by checkpoint, without those that the endpoint does not tell. Never rejects; a call that
   * fails ends the search, as the next one would most likely fail too.
   */
  async read(checkpoints: Iterable<bigint>, signal: AbortSignal): Promise<ReadonlyMap<bigint, number>> {
    const found = new Map<bigint, number>();
    const waiting = new Set(checkpoints);
    let failed = false;
    const link = linkAbort(signal);
    // A listener for each call: they are let go together, at the end.
    setMaxListeners(0, link.signal);
    const work = async (): Promise<void> => {
      for (const checkpoint of waiting) {
        if (failed || signal.aborted) return;
        waiting.delete(checkpoint);
        try {
          const time = this.#times.get(checkpoint) ?? (await this.#ask(checkpoint, link.signal));
          if (time !== undefined) found.set(checkpoint, time);
        } catch (error) {
          failed = true;
          const fields = { checkpoint: checkpoint.toString(), reason: describeError(error) };
          this.#logger.debug(fields, 'the time of a checkpoint could not be read');
        }
      }
    };
    await Promise.all(Array.from({ length: Math.min(ASKED_AT_ONCE, waiting.size) }, work));
    link.release();
    return found;
  }

  async #ask(sequenceNumber: bigint, abort: AbortSignal): Promise<number | undefined> {
    const { response } = await this.#endpoint.client.ledgerService.getCheckpoint(
      {
        checkpointId: { oneofKind: 'sequenceNumber', sequenceNumber },
        readMask: { paths: ['summary.timestamp'] },
      },
      { abort },
    );
    const time = response.checkpoint?.summary?.timestamp;
    if (time === undefined) return undefined;
    const ms = millisecondsOf(time);
    this.#keep(sequenceNumber, ms);
    return ms;
  }

  #keep(checkpoint: bigint, ms: number): void {
    this.#times.set(checkpoint, ms);
    if (this.#times.size <= KEPT_TIMES) return;
    for (const oldest of this.#times.keys()) {
      this.#times.delete(oldest);
      return;
    }
  }
}
