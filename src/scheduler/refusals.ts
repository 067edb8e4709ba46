import { AtomaError } from '../core/index.js';
import type { ModelState } from './models.js';

/** Shortest time after which to come back, ms: below it a client's next try would mostly be refused too. */
const MIN_RETRY_MS = 1000;

/** @param waitMs when there would be room, as far as predicted */
export function busy(why: string, waitMs: number): AtomaError {
  const retryAfterMs = Math.max(MIN_RETRY_MS, Math.ceil(waitMs));
  const message = `${why}; retry in ${Math.ceil(retryAfterMs / 1000)} s`;
  return withoutStack(() => new AtomaError('busy', message, { fields: { retryAfterMs } }));
}

/** Under overload there are thousands a second; where they were made nobody reads, and finding out takes 20 µs each. */
function withoutStack<E extends Error>(make: () => E): E {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    return make();
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

export function unknownModel(model: string): AtomaError {
  return new AtomaError('unknown_model', `no device here serves the model ${model}`, { fields: { model } });
}

/** For a job that waited or ran when its model was taken off the last device that had it. */
export function unloadedModel(model: string): AtomaError {
  const message = `the model ${model} was unloaded, and no other device here serves it`;
  return new AtomaError('unknown_model', message, { fields: { model } });
}

/** For a model that the node should have, where it could not be loaded or its devices were given up. */
export function noDevice(model: string, standing: ModelState['standing'], isTicket: boolean): AtomaError {
  const why =
    standing === 'missing'
      ? `the model ${model} could not be loaded`
      : `no device is left for the model ${model}: each one that held it died repeatedly and was quarantined`;
  const message = `${why}; see the log for why, and start the node again`;
  return new AtomaError(isTicket ? 'no_device' : 'not_ready', message, { fields: { model } });
}

/** For a request, which is not to wait for a download of hours. */
export function stillLoading(model: string): AtomaError {
  return new AtomaError('not_ready', `the model ${model} is still being loaded; /readyz says how far it is`, {
    fields: { model },
  });
}

export function stopping(): AtomaError {
  return new AtomaError('not_ready', 'the node is stopping and starts no more jobs');
}

export function cancelled(where: string): AtomaError {
  return new AtomaError('cancelled', `the job was cancelled${where}`);
}

export function jobKilledWorker(model: string, cause: unknown): AtomaError {
  const message = `the device died twice while this job ran on the model ${model}, the second time under this job alone; it is not run again`;
  return new AtomaError('job_killed_worker', message, { fields: { model }, cause });
}
