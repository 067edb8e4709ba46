const STATE_WORDS = 624;
const SHIFT_WORDS = 397;
const UINT32 = 2 ** 32;
const UINT64 = 2 ** 64;
/** Largest double below 1. */
const BELOW_ONE = 1 - Number.EPSILON / 2;

/** `std::mt19937` of C++: the same numbers from the same seed. */
export class MersenneTwister {
  readonly #state = new Uint32Array(STATE_WORDS);
  #at = STATE_WORDS;

  /** @param seed 32 bits */
  constructor(seed: number) {
    this.#state[0] = seed;
    for (let i = 1; i < STATE_WORDS; i++) {
      const before = this.#word(i - 1);
      this.#state[i] = Math.imul(before ^ (before >>> 30), 1_812_433_253) + i;
    }
  }

  /** The next 32 random bits. */
  next(): number {
    if (this.#at === STATE_WORDS) this.#twist();
    let bits = this.#word(this.#at++);
    bits ^= bits >>> 11;
    bits ^= (bits << 7) & 0x9d2c5680;
    bits ^= (bits << 15) & 0xefc60000;
    return (bits ^ (bits >>> 18)) >>> 0;
  }

  /**
   * A number from 0 up to but not including 1, as `std::uniform_real_distribution<double>` of libstdc++ and
   * libc++ draws it: `std::generate_canonical` with 53 bits takes two words, the low one first.
   */
  nextDouble(): number {
    const low = this.next();
    const drawn = (low + this.next() * UINT32) / UINT64;
    return drawn < 1 ? drawn : BELOW_ONE;
  }

  #twist(): void {
    for (let i = 0; i < STATE_WORDS; i++) {
      const joined = (this.#word(i) & 0x80000000) | (this.#word((i + 1) % STATE_WORDS) & 0x7fffffff);
      const shifted = this.#word((i + SHIFT_WORDS) % STATE_WORDS) ^ (joined >>> 1);
      this.#state[i] = joined & 1 ? shifted ^ 0x9908b0df : shifted;
    }
    this.#at = 0;
  }

  #word(at: number): number {
    return this.#state[at] ?? 0;
  }
}
