/** The last one holds whatever lies further below the best logit than the others reach: 32 of a logit. */
const BUCKETS = 256;
/** Of a logit; narrow enough that the buckets at the top, the only ones looked into as a rule, stay small. */
const BUCKETS_PER_LOGIT = 8;

/**
 * Tokens in the order of their logits, the best first; of equal ones that with the lower id. Sorting a whole
 * vocabulary for each token would cost more than a small model's forward pass: tokens are put into buckets,
 * and a bucket is sorted when somebody looks into it.
 */
export class TokenRanking {
  readonly #tokens: Int32Array;
  readonly #bucketOf: Uint8Array;
  /** Where each bucket begins in `#tokens`, with the end of the last one. */
  readonly #starts = new Int32Array(BUCKETS + 1);
  #logits: Float32Array = new Float32Array();
  /** How many buckets are sorted, and how many tokens those hold. */
  #sortedBuckets = 0;
  #sortedTokens = 0;

  /** @param size of the vocabulary */
  constructor(size: number) {
    this.#tokens = new Int32Array(size);
    this.#bucketOf = new Uint8Array(size);
  }

  /**
   * Takes the logits of a position; they must not change while the ranking is read.
   * @param best the largest of them
   * @param count how many of the best tokens will be read at most
   */
  rank(logits: Float32Array, best: number, count: number): void {
    this.#logits = logits;
    this.#sortedBuckets = 0;
    this.#sortedTokens = 0;
    const sizes = new Int32Array(BUCKETS);
    for (let token = 0; token < logits.length; token++) {
      const bucket = Math.min(BUCKETS - 1, (best - (logits[token] ?? 0)) * BUCKETS_PER_LOGIT) | 0;
      this.#bucketOf[token] = bucket;
      sizes[bucket] = (sizes[bucket] ?? 0) + 1;
    }
    this.#fill(this.#layOut(sizes, count));
  }

  /** The token at a place of the ranking; 0 is the best. */
  at(place: number): number {
    while (place >= this.#sortedTokens && this.#sortedBuckets < BUCKETS) this.#sortNextBucket();
    return this.#tokens[place] ?? 0;
  }

  /** The best `count` tokens in the order of their buckets, unsorted within one. */
  grouped(count: number): Int32Array {
    if (count < this.#tokens.length) this.at(count - 1);
    return this.#tokens.subarray(0, count);
  }

  /** @returns the last bucket that is needed for `count` tokens */
  #layOut(sizes: Int32Array, count: number): number {
    let start = 0;
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      this.#starts[bucket] = start;
      start += sizes[bucket] ?? 0;
      this.#starts[bucket + 1] = start;
      if (start >= count) {
        this.#starts.fill(start, bucket + 1);
        return bucket;
      }
    }
    return BUCKETS - 1;
  }

  #fill(lastBucket: number): void {
    const ends = this.#starts.slice(0, BUCKETS);
    for (let token = 0; token < this.#bucketOf.length; token++) {
      const bucket = this.#bucketOf[token] ?? 0;
      if (bucket > lastBucket) continue;
      const end = ends[bucket] ?? 0;
      this.#tokens[end] = token;
      ends[bucket] = end + 1;
    }
  }

  #sortNextBucket(): void {
    const bucket = this.#sortedBuckets++;
    const [start, end] = [this.#starts[bucket] ?? 0, this.#starts[bucket + 1] ?? 0];
    this.#sortedTokens = end;
    if (end - start < 2) return;
    const logits = this.#logits;
    // Equal logits that are no numbers' distance apart (two infinities) fall through to the ids as well.
    this.#tokens
      .subarray(start, end)
      .sort((one, other) => (logits[other] ?? 0) - (logits[one] ?? 0) || one - other);
  }
}
