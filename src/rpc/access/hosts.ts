import { isIP } from 'node:net';
import { isLoopbackHost } from './loopback.js';

/**
 * Whether a `Host` header names this node. A page of a foreign domain that made its name point here (DNS rebinding)
 * passes every check of origins, for to the browser it is the same one; its name stands in this header.
 * @param header undefined for clients of HTTP/1.0, which no browser is
 * @param options.host where the node listens. Where it does so beyond this machine, every IP address passes: a
 * rebound name is never one, and behind a port mapping a machine does not know the one it is called by.
 * @param options.allowedHosts names it goes by besides, in lower case and without a port
 */
export function isOwnHost(
  header: string | undefined,
  { host, allowedHosts }: { readonly host: string; readonly allowedHosts: readonly string[] },
): boolean {
  if (header === undefined) return true;
  const name = withoutPort(header.toLowerCase());
  if (isLoopbackHost(name) || name === host.toLowerCase() || allowedHosts.includes(name)) return true;
  return !isLoopbackHost(host) && isIP(name) !== 0;
}

/** The host of `host:port`, an IPv6 address without its brackets. */
function withoutPort(header: string): string {
  const match = /^(?:\[([^\]]*)\]|([^:]*))(?::\d*)?$/.exec(header);
  return match?.[1] ?? match?.[2] ?? '';
}
