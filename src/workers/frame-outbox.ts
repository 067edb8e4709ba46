import type { TokenLogprob } from '../core/index.js';
import type { WireFrame } from './protocol.js';

interface OpenFrame {
  readonly index: number;
  text: string;
  readonly tokens: number[];
  readonly logprobs: TokenLogprob[];
}

/**
 * Shortest time between two messages, ms: a message wakes every process on its way, which for a small model
 * costs as much as decoding a token. No reader sees a token as late that is younger than a frame of a screen
 * at 60 Hz.
 */
const MIN_INTERVAL_MS = 16;

/**
 * Gathers what all jobs of a worker produced and hands it on as one message. A message goes at the end of
 * the turn in which its first token came, when the next batch is already on its way to the engine, unless
 * another went less than {@link MIN_INTERVAL_MS} ago: fast models send a few tokens at once, slow ones each.
 * The first token of a job does not wait.
 */
export class FrameOutbox {
  readonly #open = new Map<number, OpenFrame>();
  readonly #post: (frames: readonly WireFrame[]) => void;
  #sentAt = Number.NEGATIVE_INFINITY;
  #immediate: NodeJS.Immediate | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(post: (frames: readonly WireFrame[]) => void) {
    this.#post = post;
  }

  push(job: number, index: number, token: number | undefined, text: string, logprob?: TokenLogprob): void {
    const frame = this.#open.get(job);
    if (frame === undefined) {
      const logprobs = logprob === undefined ? [] : [logprob];
      this.#open.set(job, { index, text, tokens: token === undefined ? [] : [token], logprobs });
    } else {
      frame.text += text;
      if (token !== undefined) frame.tokens.push(token);
      if (logprob !== undefined) frame.logprobs.push(logprob);
    }
    if (this.#immediate !== undefined) return;
    if (index === 0) this.#immediate = setImmediate(this.flush);
    else if (this.#timer === undefined) this.#schedule();
  }

  /** Sends what there is now: at the end of a job, whose outcome waits for its tokens. */
  readonly flush = (): void => {
    clearImmediate(this.#immediate);
    clearTimeout(this.#timer);
    this.#immediate = undefined;
    this.#timer = undefined;
    if (this.#open.size === 0) return;
    const frames: WireFrame[] = [];
    for (const [job, { index, text, tokens, logprobs }] of this.#open) {
      frames.push(logprobs.length === 0 ? [job, index, text, tokens] : [job, index, text, tokens, logprobs]);
    }
    this.#open.clear();
    this.#sentAt = performance.now();
    this.#post(frames);
  };

  #schedule(): void {
    const dueMs = this.#sentAt + MIN_INTERVAL_MS - performance.now();
    if (dueMs > 0) this.#timer = setTimeout(this.flush, dueMs);
    else this.#immediate = setImmediate(this.flush);
  }
}
