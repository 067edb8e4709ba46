import { createHash, timingSafeEqual } from 'node:crypto';
import { catalogued } from './error-catalogue.js';

/** `Authorization: Bearer …` (RFC 6750, 2.1); the scheme is read without regard to case. */
const BEARER = /^bearer +(\S+) *$/i;

/** Lets those through to the methods that change what the node runs who know the configured token. */
export class AdminGate {
  readonly #digest: Buffer | undefined;

  /** @param options.token undefined closes the gate for everybody */
  constructor(options: { readonly token: string | undefined }) {
    this.#digest = options.token === undefined ? undefined : sha256(options.token);
  }

  /**
   * @param authorization the header of that name, of the HTTP request or of the WebSocket's upgrade
   * @throws AtomaError `admin_disabled`, `unauthorized`
   */
  check(authorization: string | undefined): void {
    if (this.#digest === undefined) {
      throw catalogued(
        'admin_disabled',
        'This method is closed: set admin_token in [rpc] of the model configuration, and start the node again.',
      );
    }
    const token = BEARER.exec(authorization ?? '')?.[1];
    // Digests are of one length, and tell nothing of how much of a token was right.
    if (token === undefined || !timingSafeEqual(sha256(token), this.#digest)) {
      throw catalogued(
        'unauthorized',
        `This method needs the header "Authorization: Bearer" with the admin_token of the configuration, which was ${token === undefined ? 'missing' : 'wrong'}.`,
      );
    }
  }
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
