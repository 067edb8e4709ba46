import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { catalogued } from '../error-catalogue.js';
import type { ApiKey } from './api-key.js';

const WINDOW_SECONDS = 60;
/** Longest delay of a timer in Node (2^31 - 1 ms), in whole seconds. */
const MAX_WINDOW_SECONDS = 2_147_483;

type Rates = Pick<ApiKey, 'id' | 'requests_per_minute' | 'tokens_per_minute'>;

interface KeyLimiters {
  readonly rates: Rates;
  readonly requests: RateLimiterMemory | undefined;
  readonly tokens: RateLimiterMemory | undefined;
}

/**
 * What each key used in its current minute, which begins with its first request. How many tokens a generation takes
 * is known at its end: it may use more than are left, and the next one waits as many minutes as those are worth.
 */
export class KeyRates {
  readonly #limiters = new Map<string, KeyLimiters>();

  /**
   * Counts a request.
   * @throws AtomaError `rate_limited` with `retryAfterMs`
   */
  async admit(rates: Rates): Promise<void> {
    const { requests, tokens } = this.#of(rates);
    const used = await tokens?.get(rates.id);
    const limit = rates.tokens_per_minute;
    if (used && limit !== null && used.consumedPoints >= limit && used.msBeforeNext > 0) {
      throw refusal('tokens', limit, used.msBeforeNext);
    }
    try {
      await requests?.consume(rates.id);
    } catch (error) {
      if (!(error instanceof RateLimiterRes)) throw error;
      throw refusal('requests', rates.requests_per_minute ?? 0, error.msBeforeNext);
    }
  }

  /** Counts tokens. */
  async spend(rates: Rates, tokens: number): Promise<void> {
    const limiter = this.#of(rates).tokens;
    const limit = rates.tokens_per_minute;
    if (limiter === undefined || limit === null || tokens <= 0) return;
    const { consumedPoints } = await limiter.penalty(rates.id, tokens);
    if (consumedPoints <= limit) return;
    const seconds = Math.ceil((consumedPoints / limit) * WINDOW_SECONDS);
    await limiter.set(rates.id, consumedPoints, Math.min(seconds, MAX_WINDOW_SECONDS));
  }

  /** Forgets keys that are gone. */
  keepOnly(isKnown: (id: string) => boolean): void {
    for (const id of this.#limiters.keys()) if (!isKnown(id)) this.#limiters.delete(id);
  }

  #of(rates: Rates): KeyLimiters {
    const known = this.#limiters.get(rates.id);
    if (known !== undefined && isSameRate(known.rates, rates)) return known;
    const made = {
      rates,
      requests: limiterOf(rates.requests_per_minute),
      tokens: limiterOf(rates.tokens_per_minute),
    };
    this.#limiters.set(rates.id, made);
    return made;
  }
}

function limiterOf(points: number | null): RateLimiterMemory | undefined {
  return points === null ? undefined : new RateLimiterMemory({ points, duration: WINDOW_SECONDS });
}

function isSameRate(one: Rates, other: Rates): boolean {
  return (
    one.requests_per_minute === other.requests_per_minute && one.tokens_per_minute === other.tokens_per_minute
  );
}

function refusal(what: 'requests' | 'tokens', limit: number, msBeforeNext: number): Error {
  const retryAfterMs = Math.max(1, Math.ceil(msBeforeNext));
  return catalogued(
    'rate_limited',
    `This key may use ${limit} ${what} a minute and has used them: try again in ${Math.ceil(retryAfterMs / 1000)} s.`,
    { retryAfterMs, limit, unit: what },
  );
}
