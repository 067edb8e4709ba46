/** What a key may be for: to run prompts, to see what the node does and did, to change what it runs. */
export const SCOPES = ['generate', 'read', 'admin'] as const;

export type Scope = (typeof SCOPES)[number];

/** Who makes a call, and what they may. */
export interface Principal {
  /** Of the key; `local` where none is asked for. Limits that are kept for each key are kept by it. */
  readonly id: string;
  /** As logs and audit lines have it. */
  readonly name: string;
  /** @throws AtomaError `unauthorized`, `forbidden`, `admin_disabled` */
  require(scope: Scope): void;
  /**
   * Counts a generation that begins.
   * @throws AtomaError `rate_limited` (`retryAfterMs` in its fields)
   */
  admit(): void;
  /** Counts tokens of prompts and answers. */
  spend(tokens: number): void;
}
