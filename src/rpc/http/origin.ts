import { isIPv4 } from 'node:net';

/**
 * Whether an `Origin` header names a page of this machine. Browsers send the header, and let any page open
 * WebSockets to any host; other clients do not send it.
 */
export function isLoopbackOrigin(origin: string): boolean {
  if (!URL.canParse(origin)) return false;
  const { hostname } = new URL(origin);
  if (hostname === 'localhost' || hostname.endsWith('.localhost') || hostname === '[::1]') return true;
  return isIPv4(hostname) && hostname.startsWith('127.');
}
