import { AtomaError } from '../../core/index.js';
import type { Identity, Scope } from './principal.js';

/** Somebody whose refusals are counted. */
export class CountedIdentity implements Identity {
  readonly #identity: Identity;
  readonly #onRefused: (code: string) => void;

  /** @param onRefused told of the code of each error with which they are turned away */
  constructor(identity: Identity, onRefused: (code: string) => void) {
    this.#identity = identity;
    this.#onRefused = onRefused;
  }

  get id(): string {
    return this.#identity.id;
  }

  get name(): string {
    return this.#identity.name;
  }

  get address(): string | undefined {
    return this.#identity.address;
  }

  check(): void {
    this.#count(() => this.#identity.check());
  }

  require(scope: Scope): void {
    this.#count(() => this.#identity.require(scope));
  }

  async admit(prompt?: string): Promise<void> {
    try {
      await this.#identity.admit(prompt);
    } catch (error) {
      this.#tell(error);
      throw error;
    }
  }

  spend(tokens: number): void {
    this.#identity.spend(tokens);
  }

  #count(look: () => void): void {
    try {
      look();
    } catch (error) {
      this.#tell(error);
      throw error;
    }
  }

  #tell(error: unknown): void {
    if (error instanceof AtomaError) this.#onRefused(error.code);
  }
}
