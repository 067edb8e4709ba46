import { setTimeout as delay } from 'node:timers/promises';
import { AtomaError } from '../../core/index.js';
import { sentencesOf } from './sentences.js';

/**
 * `fail`: the node could not start like this, or would not do its work; `warn`: it would, but not well; `skip`:
 * it could not be told, since something that has a line of its own is wrong.
 */
export type CheckStatus = 'ok' | 'warn' | 'fail' | 'skip';

/** What a check found. */
export interface Finding {
  readonly status: CheckStatus;
  readonly found: string;
  /** What to do about it; undefined where nothing is to be done. */
  readonly remedy: string | undefined;
}

/** One question about the node's surroundings. */
export interface Check {
  readonly area: string;
  readonly name: string;
  /** How long it may take, ms. Default 10 s. */
  readonly limitMs?: number;
  /** What it means where the check throws or takes too long. Default `fail`. */
  readonly otherwise?: 'warn' | 'fail';
  /** Where what it throws does not say what to do. */
  readonly remedy?: string;
  /** @param signal aborts when nobody waits any more */
  run(signal: AbortSignal): Promise<Finding>;
}

export interface CheckResult extends Finding {
  readonly area: string;
  readonly name: string;
}

/** Longer than any single call that a check makes, and short enough to wait for. */
const LIMIT_MS = 10_000;

export function ok(found: string): Finding {
  return { status: 'ok', found, remedy: undefined };
}

export function warn(found: string, remedy: string): Finding {
  return { status: 'warn', found, remedy };
}

export function fail(found: string, remedy: string): Finding {
  return { status: 'fail', found, remedy };
}

/** One answer for all the checks that need it. */
export function once<T>(work: () => Promise<T>): () => Promise<T> {
  let answer: Promise<T> | undefined;
  return () => {
    answer ??= work();
    return answer;
  };
}

/**
 * What a check needs and another one is about.
 * @param without says so where it is not there: `the wallet cannot be read`
 * @throws AtomaError `not_checked`
 */
export async function needed<T>(fact: Promise<T>, without: string): Promise<T> {
  try {
    return await fact;
  } catch (cause) {
    throw new AtomaError('not_checked', `not checked: ${without}`, { cause });
  }
}

/**
 * Runs all checks at once; each answers for itself, in its own time.
 * @param onDone told of each as it ends
 * @returns in the order of `checks`
 */
export function runChecks(
  checks: readonly Check[],
  onDone: (result: CheckResult) => void,
): Promise<readonly CheckResult[]> {
  return Promise.all(
    checks.map(async (check) => {
      const { area, name } = check;
      const result = { area, name, ...(await findingOf(check)) };
      onDone(result);
      return result;
    }),
  );
}

async function findingOf(check: Check): Promise<Finding> {
  const limitMs = check.limitMs ?? LIMIT_MS;
  const over = new AbortController();
  const late = delay(limitMs, undefined, { signal: over.signal }).then(() => timedOut(check, limitMs));
  try {
    return await Promise.race([check.run(over.signal), late]);
  } catch (error) {
    return findingOfError(check, error);
  } finally {
    over.abort();
  }
}

function timedOut({ otherwise = 'fail', remedy }: Check, limitMs: number): Finding {
  const found = `no answer in ${limitMs / 1000} s`;
  return { status: otherwise, found, remedy: remedy ?? 'see what holds it up, and run doctor again' };
}

function findingOfError({ otherwise = 'fail', remedy }: Check, error: unknown): Finding {
  if (error instanceof AtomaError && error.code === 'not_checked') {
    return { status: 'skip', found: error.message, remedy: undefined };
  }
  const said = sentencesOf(error);
  return { status: otherwise, found: said.found, remedy: said.remedy ?? remedy };
}
