/** What a key may be for: to run prompts, to see what the node does and did, to change what it runs. */
export const SCOPES = ['generate', 'read', 'admin'] as const;

export type Scope = (typeof SCOPES)[number];

/** Who makes a call, and what they may. */
export interface Principal {
  /** Of the key; `local` where none is asked for. Limits that are kept for each key are kept by it. */
  readonly id: string;
  /** As logs and audit lines have it. */
  readonly name: string;
  /** Where the call comes from: an IP address; behind a proxy that of the proxy. */
  readonly address?: string | undefined;
  /**
   * Looks at the key as it is now, not as it was when the connection was made.
   * @throws AtomaError `unauthorized`, `forbidden`, `admin_disabled`
   */
  require(scope: Scope): void;
  /**
   * Counts a generation that begins.
   * @param prompt what it is asked, where it is text
   * @throws AtomaError `prompt_too_long`; `rate_limited` (`retryAfterMs` in its fields)
   */
  admit(prompt?: string): Promise<void>;
  /** Counts tokens of prompts and answers; may go beyond the rate, for which the next `admit` waits. */
  spend(tokens: number): void;
}

/** A {@link Principal} that knows whether its key still stands. */
export interface Identity extends Principal {
  /** @throws AtomaError `unauthorized` where this is nobody that the node lets in (any more) */
  check(): void;
}
