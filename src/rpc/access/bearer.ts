import type { IncomingHttpHeaders } from 'node:http';

/** `Authorization: Bearer …` (RFC 6750, 2.1); the scheme is read without regard to case. */
const BEARER = /^bearer +(\S+) *$/i;

/** A browser's WebSocket can set no header: it offers its secret as a subprotocol, behind this. */
const SECRET_SUBPROTOCOL = 'atoma.bearer.';

/** The secret that a request or an upgrade brings. Never read from a URL: those end up in logs and histories. */
export function bearerOf(headers: IncomingHttpHeaders): string | undefined {
  const given = BEARER.exec(headers.authorization ?? '')?.[1];
  if (given !== undefined) return given;
  const offered = (headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim());
  return offered.find(isSecretSubprotocol)?.slice(SECRET_SUBPROTOCOL.length);
}

/**
 * The subprotocol to answer with: the first offered one that is no secret, as an answer must not repeat it.
 * Browsers want one to be chosen, so that they offer `atoma` besides: `new WebSocket(url, ['atoma', 'atoma.bearer.' + secret])`.
 */
export function chooseSubprotocol(offered: ReadonlySet<string>): string | false {
  return [...offered].find((name) => !isSecretSubprotocol(name)) ?? false;
}

function isSecretSubprotocol(name: string): boolean {
  return name.startsWith(SECRET_SUBPROTOCOL);
}
