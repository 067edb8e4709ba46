import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { SCOPES, type Scope } from './principal.js';

/** A key as its file holds it: all but the secret. */
export interface ApiKey {
  readonly id: string;
  readonly name: string;
  /** Of the secret, 64 hexadecimal digits. */
  readonly sha256: string;
  readonly scopes: readonly Scope[];
  /** Generations a minute; null for as many as the node can run. */
  readonly requests_per_minute: number | null;
  /** Tokens of prompts and answers a minute; null as above. */
  readonly tokens_per_minute: number | null;
  /** Times are ISO 8601, in UTC. */
  readonly created: string;
  /** null for never. */
  readonly expires: string | null;
  /** When it was revoked. Revoked keys stay in the file, so that it tells which there were. */
  readonly revoked: string | null;
}

export type KeyState = 'active' | 'expired' | 'revoked';

/** Far above what a node can do; a number beyond is a slip. */
const MAX_PER_MINUTE = 1_000_000_000;
const rate = z.int().min(1).max(MAX_PER_MINUTE).nullable();
const time = z.iso.datetime();

/** What a key can be called: it stands in logs, on one line. */
export const KeyName = z.string().regex(/^[\w.@+-]{1,64}$/, {
  error: 'wanted 1 to 64 letters, digits, or any of _ . @ + -',
});

const KeySchema = z.strictObject({
  id: z.string().regex(/^key_[0-9a-f]{12}$/),
  name: KeyName,
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  scopes: z.array(z.enum(SCOPES)).min(1),
  requests_per_minute: rate,
  tokens_per_minute: rate,
  created: time,
  expires: time.nullable(),
  revoked: time.nullable(),
});

/** The whole file. */
export const KeysSchema = z.strictObject({ keys: z.array(KeySchema) }).superRefine(({ keys }, context) => {
  const seen = new Set<string>();
  for (const [index, key] of keys.entries()) {
    for (const field of ['id', 'sha256'] as const) {
      if (seen.has(key[field])) {
        const message = 'stands twice in this file';
        context.addIssue({ code: 'custom', path: ['keys', index, field], message });
      }
      seen.add(key[field]);
    }
  }
});

/** An id no other key has. */
export function newKeyId(): string {
  return `key_${randomBytes(6).toString('hex')}`;
}

export function stateOf(key: ApiKey, nowMs: number): KeyState {
  if (key.revoked !== null) return 'revoked';
  return key.expires !== null && Date.parse(key.expires) <= nowMs ? 'expired' : 'active';
}
