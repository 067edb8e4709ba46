import type { IncomingHttpHeaders } from 'node:http';
import type { Logger } from 'pino';
import { bearerOf } from './bearer.js';
import { CountedIdentity } from './counted-identity.js';
import { HolderOfKey, HolderOfToken, Unknown } from './identities.js';
import { insecureBind } from './insecure-bind.js';
import { KeyRates } from './key-rates.js';
import { KeyRing } from './key-ring.js';
import type { Identity } from './principal.js';
import { hashSecret, isSameHash } from './secret.js';

/** What decides who may use a node. */
export interface AccessOptions {
  /** Where the node listens. */
  readonly host: string;
  /** Listen beyond this machine without any key. */
  readonly insecure?: boolean | undefined;
  /** API keys; undefined for a node that has no keys. */
  readonly keysFile?: string | undefined;
  /** A key with the scope `admin` that needs no file. */
  readonly adminToken?: string | undefined;
  readonly maxPromptChars: number;
}

interface AccessModules {
  readonly logger: Logger;
  /** Told of the code of each error with which somebody is turned away. */
  readonly onRefused?: (code: string) => void;
}

/** Tells who makes a call. */
export class AccessControl {
  readonly #ring: KeyRing;
  readonly #rates = new KeyRates();
  readonly #tokenHash: string | undefined;
  readonly #maxPromptChars: number;
  readonly #onRefused: ((code: string) => void) | undefined;

  private constructor(options: AccessOptions, ring: KeyRing, onRefused?: (code: string) => void) {
    this.#ring = ring;
    this.#onRefused = onRefused;
    this.#tokenHash = options.adminToken === undefined ? undefined : hashSecret(options.adminToken);
    this.#maxPromptChars = options.maxPromptChars;
    ring.onChange(() => this.#rates.keepOnly((id) => ring.get(id) !== undefined));
  }

  /**
   * Reads the keys and follows their file.
   * @throws AtomaError `insecure_bind` where the node would be open to other machines; `keys_file_unreadable`,
   * `keys_file_invalid`, `keys_file_exposed`
   */
  static async open(options: AccessOptions, modules: AccessModules): Promise<AccessControl> {
    const ring = await KeyRing.open({ path: options.keysFile }, modules);
    const problem = insecureBind(options, ring.activeKeys());
    if (problem !== undefined) {
      if (!options.insecure) {
        ring.stop();
        throw problem;
      }
      modules.logger.warn(
        { host: options.host },
        'INSECURE: RPC listens beyond this machine without keys (--insecure): everybody who reaches it can run prompts and read what this node does',
      );
    }
    return new AccessControl(options, ring, modules.onRefused);
  }

  /**
   * Who calls, where the node lets them in at all.
   * @param headers of the HTTP request or of the WebSocket's upgrade
   * @param address of the client
   * @throws AtomaError `unauthorized`
   */
  authenticate(headers: IncomingHttpHeaders, address?: string): Identity {
    const found = this.#identify(headers, address);
    const identity = this.#onRefused === undefined ? found : new CountedIdentity(found, this.#onRefused);
    identity.check();
    return identity;
  }

  /** Called when keys came, went or ran out: who was let in may have to leave. */
  onChange(listener: () => void): void {
    this.#ring.onChange(listener);
  }

  stop(): void {
    this.#ring.stop();
  }

  /** Somebody unknown as well, whom a node without keys lets in. */
  #identify(headers: IncomingHttpHeaders, address: string | undefined): Identity {
    const secret = bearerOf(headers);
    const surroundings = {
      ring: this.#ring,
      rates: this.#rates,
      maxPromptChars: this.#maxPromptChars,
      address,
    };
    const key = secret === undefined ? undefined : this.#ring.find(secret);
    if (key !== undefined) return new HolderOfKey(key, surroundings);
    if (secret !== undefined && this.#tokenHash !== undefined) {
      if (isSameHash(hashSecret(secret), this.#tokenHash)) return new HolderOfToken(surroundings);
    }
    const given = { hasSecret: secret !== undefined, hasToken: this.#tokenHash !== undefined };
    return new Unknown(given, surroundings);
  }
}
