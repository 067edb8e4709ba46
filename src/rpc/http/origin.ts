import { isLoopbackHost } from '../access/loopback.js';

/**
 * Whether an `Origin` header names a page of this machine, or one that the operator lists. Browsers send the header,
 * and let any page open WebSockets to any host; other clients do not send it.
 * @param listed as browsers write them: `https://app.example`
 */
export function isAllowedOrigin(origin: string | undefined, listed: readonly string[]): boolean {
  if (origin === undefined || listed.includes(origin)) return true;
  return URL.canParse(origin) && isLoopbackHost(new URL(origin).hostname);
}
