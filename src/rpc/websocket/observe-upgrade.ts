import type { IncomingMessage } from 'node:http';
import type { CallObserver } from '../../core/index.js';

/** Runs what a client of a WebSocket asks for as part of the request that opened it. */
export type Within = <T>(work: () => T) => T;

/** HTTP's answer to the request that opens a WebSocket (RFC 6455, 4.2.2). */
const SWITCHING_PROTOCOLS = 101;

/** Tells of the request that opened a WebSocket. It is over with that: a socket can last for days. */
export function observeUpgrade(
  { method = 'GET', url = '', headers, socket }: IncomingMessage,
  observer: CallObserver | undefined,
): Within | undefined {
  if (observer === undefined) return undefined;
  const path = url.replace(/\?.*$/s, '');
  const facts = { method, path, route: path, clientAddress: socket.remoteAddress, headers };
  const call = observer.onHttp(facts);
  call.end({ status: SWITCHING_PROTOCOLS });
  return (work) => call.run(work);
}
