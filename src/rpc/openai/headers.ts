import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { QueuePlace } from '../node-api.js';

/**
 * An id that a client may choose: as the ids of requests everywhere, with room for the number of a choice behind it
 * (see `requestIdOfChoice`).
 */
const SANE_REQUEST_ID = /^[A-Za-z0-9._:-]{1,60}$/;

/** The client's own `X-Request-Id` where it sent a sane one, or else a new one. */
export function requestIdOf(headers: IncomingHttpHeaders): string {
  const given = headers['x-request-id'];
  return typeof given === 'string' && SANE_REQUEST_ID.test(given) ? given : randomUUID();
}

/** Of a request that waits for a sequence: where it stands and for how long, as far as predicted. */
export function queueHeaders({ position, expectedWaitMs }: QueuePlace): Record<string, string> {
  return {
    'x-queue-position': String(position),
    'x-expected-wait-ms': String(Math.max(0, Math.ceil(expectedWaitMs))),
  };
}
