import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** What a secret begins with, so that people and scanners of repositories know one when they see it. */
const PREFIX = 'atoma_sk_';
/** Beyond every search. */
const SECRET_BYTES = 32;

/** A new secret of an API key. */
export function newSecret(): string {
  return PREFIX + randomBytes(SECRET_BYTES).toString('base64url');
}

/**
 * sha256 of a secret, 64 hexadecimal digits. Slow hashes (scrypt, argon2) guard passwords, which can be guessed;
 * 256 random bits cannot, and a plain hash costs a call microseconds.
 */
export function hashSecret(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}

/** Compares two hashes of {@link hashSecret} in a time that does not depend on them. */
export function isSameHash(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one, 'hex'), Buffer.from(other, 'hex')];
  return a.length === b.length && timingSafeEqual(a, b);
}
