import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { catalogued } from '../error-catalogue.js';
import type { Principal } from './principal.js';

/** `Authorization: Bearer …` (RFC 6750, 2.1); the scheme is read without regard to case. */
const BEARER = /^bearer +(\S+) *$/i;

/** Tells who makes a call. */
export class AccessControl {
  readonly #digest: Buffer | undefined;

  /** @param options.adminToken undefined closes what needs the scope `admin` for everybody */
  constructor(options: { readonly adminToken: string | undefined }) {
    this.#digest = options.adminToken === undefined ? undefined : sha256(options.adminToken);
  }

  /** @param headers of the HTTP request or of the WebSocket's upgrade */
  identify(headers: IncomingHttpHeaders): Principal {
    return {
      id: 'local',
      name: 'local',
      require: (scope) => {
        if (scope === 'admin') this.#checkAdmin(headers.authorization);
      },
      admit: () => undefined,
      spend: () => undefined,
    };
  }

  #checkAdmin(authorization: string | undefined): void {
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
