import { catalogued } from '../error-catalogue.js';
import type { ApiKey } from './api-key.js';
import type { KeyRates } from './key-rates.js';
import type { KeyRing } from './key-ring.js';
import type { Identity, Scope } from './principal.js';

interface Surroundings {
  readonly ring: KeyRing;
  readonly rates: KeyRates;
  readonly maxPromptChars: number;
  readonly address: string | undefined;
}

/** A client that showed a key of the file. */
export class HolderOfKey implements Identity {
  readonly id: string;
  readonly name: string;
  readonly address: string | undefined;
  readonly #surroundings: Surroundings;

  constructor(key: ApiKey, surroundings: Surroundings) {
    this.id = key.id;
    this.name = key.name;
    this.address = surroundings.address;
    this.#surroundings = surroundings;
  }

  check(): void {
    this.#current();
  }

  require(scope: Scope): void {
    const { scopes } = this.#current();
    if (!scopes.includes(scope)) throw forbidden(scope, scopes);
  }

  async admit(prompt?: string): Promise<void> {
    checkPrompt(prompt, this.#surroundings.maxPromptChars);
    await this.#surroundings.rates.admit(this.#current());
  }

  spend(tokens: number): void {
    const { ring, rates } = this.#surroundings;
    const key = ring.get(this.id);
    if (key !== undefined) void rates.spend(key, tokens);
  }

  #current(): ApiKey {
    const key = this.#surroundings.ring.get(this.id);
    if (key !== undefined) return key;
    throw catalogued('unauthorized', 'This API key was revoked or has expired.');
  }
}

/** A client that showed the `admin_token` of the configuration. Where the node is open it may what everybody may. */
export class HolderOfToken implements Identity {
  readonly id = 'admin_token';
  readonly name = 'admin_token';
  readonly address: string | undefined;
  readonly #surroundings: Surroundings;

  constructor(surroundings: Surroundings) {
    this.#surroundings = surroundings;
    this.address = surroundings.address;
  }

  check(): void {}

  require(scope: Scope): void {
    if (scope !== 'admin' && this.#surroundings.ring.isClosed) throw forbidden(scope, ['admin']);
  }

  async admit(prompt?: string): Promise<void> {
    checkPrompt(prompt, this.#surroundings.maxPromptChars);
  }

  spend(): void {}
}

/** A client that showed nothing the node knows: somebody of this machine, as long as the node has no keys. */
export class Unknown implements Identity {
  readonly id = 'local';
  readonly name = 'local';
  readonly address: string | undefined;
  readonly #given: { readonly hasSecret: boolean; readonly hasToken: boolean };
  readonly #surroundings: Surroundings;

  /**
   * @param given.hasSecret whether it showed something
   * @param given.hasToken whether the configuration has an `admin_token`
   */
  constructor(
    given: { readonly hasSecret: boolean; readonly hasToken: boolean },
    surroundings: Surroundings,
  ) {
    this.#given = given;
    this.#surroundings = surroundings;
    this.address = surroundings.address;
  }

  check(): void {
    if (!this.#surroundings.ring.isClosed) return;
    const problem = this.#given.hasSecret ? 'is not known, was revoked or has expired' : 'is missing';
    throw catalogued(
      'unauthorized',
      `This node wants an API key in the header "Authorization: Bearer …", and it ${problem}. The operator makes one with \`keys add\`.`,
    );
  }

  require(scope: Scope): void {
    this.check();
    if (scope !== 'admin') return;
    if (!this.#given.hasToken) {
      throw catalogued(
        'admin_disabled',
        'This method is closed: set admin_token in [rpc] of the model configuration, and start the node again, or make a key with the scope admin.',
      );
    }
    throw catalogued(
      'unauthorized',
      `This method needs the header "Authorization: Bearer" with the admin_token of the configuration, which was ${this.#given.hasSecret ? 'wrong' : 'missing'}.`,
    );
  }

  async admit(prompt?: string): Promise<void> {
    this.check();
    checkPrompt(prompt, this.#surroundings.maxPromptChars);
  }

  spend(): void {}
}

function forbidden(scope: Scope, scopes: readonly Scope[]): Error {
  return catalogued(
    'forbidden',
    `This needs the scope "${scope}", and this API key has ${scopes.map((has) => `"${has}"`).join(', ')}.`,
    { scope, scopes },
  );
}

/** Before anything reads the prompt: to make tokens of it costs the more the longer it is. */
function checkPrompt(prompt: string | undefined, limit: number): void {
  if (prompt === undefined || prompt.length <= limit) return;
  throw catalogued(
    'prompt_too_long',
    `The prompt has ${prompt.length} characters, at most ${limit} are allowed.`,
    {
      characters: prompt.length,
      limit,
    },
  );
}
