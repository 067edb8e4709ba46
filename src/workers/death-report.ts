import type { Logger } from 'pino';
import type { Death } from './device-process.js';

interface DeathFacts {
  readonly device: string;
  /** What ended the process, as a sentence. */
  readonly fault: string;
  readonly process: number | undefined;
  /** How long it had been ready, ms. */
  readonly ranMs: number;
  /** In a row, without a good run between them. */
  readonly deaths: number;
  /** Until it is started again, ms; undefined where it is not. */
  readonly waitMs: number | undefined;
}

/**
 * Tells the operator of the death of a device process, in one line of the log.
 * @param death of a process that ended by itself
 */
export function reportDeath(logger: Logger, facts: DeathFacts, death: Death | undefined): void {
  const { device, fault, waitMs, deaths } = facts;
  const jobs = death?.jobs ?? 0;
  const fields = {
    process: facts.process,
    exitCode: death?.exitCode ?? null,
    signal: death?.signal ?? null,
    jobs,
    ranMs: Math.round(facts.ranMs),
    deaths,
  };
  if (waitMs !== undefined) {
    logger.error(
      { ...fields, restartInMs: waitMs },
      `${fault}; its ${jobs} jobs end, and it is started again in ${waitMs} ms`,
    );
    return;
  }
  logger.error(
    fields,
    `device ${device} is quarantined: it died ${deaths} times in a row without a good run, at last: ${fault}. It gets no more jobs. Check its memory, driver and model files, then start the node again.`,
  );
}
