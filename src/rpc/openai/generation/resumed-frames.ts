import { AtomaError, type TokenFrame } from '../../../core/index.js';

/**
 * The frames of one answer for a reader who cannot take back what was sent. After a restart the rerun is compared
 * with what was sent, and goes on from there.
 */
export class ResumedFrames {
  #sent = '';
  #sentTokens = 0;
  /** The text of the rerun while it is not beyond what was sent; undefined while there is none. */
  #rerun: string | undefined;

  /** The answer is made anew from its first token. */
  restart(): void {
    if (this.#sentTokens > 0 || this.#sent !== '') this.#rerun = '';
  }

  /**
   * @returns what of the frame is new; undefined where all of it was sent before
   * @throws AtomaError `device_died` where the rerun gives another text
   */
  take(frame: TokenFrame): TokenFrame | undefined {
    const fresh = this.#rerun === undefined ? frame : this.#compare(frame, this.#rerun);
    if (fresh === undefined) return undefined;
    this.#sent += fresh.text;
    this.#sentTokens = Math.max(this.#sentTokens, frame.index + frame.tokens.length);
    return fresh;
  }

  /** @throws AtomaError `device_died` where the rerun ended before what was sent */
  end(): void {
    if (this.#rerun !== undefined && this.#rerun !== this.#sent) throw diverged();
  }

  #compare(frame: TokenFrame, before: string): TokenFrame | undefined {
    const rerun = before + frame.text;
    const [short, long] = rerun.length < this.#sent.length ? [rerun, this.#sent] : [this.#sent, rerun];
    if (!long.startsWith(short)) throw diverged();
    const isBeyond =
      frame.index + frame.tokens.length > this.#sentTokens && rerun.length >= this.#sent.length;
    this.#rerun = isBeyond ? undefined : rerun;
    if (!isBeyond) return undefined;
    const known = Math.max(0, this.#sentTokens - frame.index);
    const { logprobs } = frame;
    return {
      index: frame.index + known,
      text: rerun.slice(this.#sent.length),
      tokens: frame.tokens.slice(known),
      ...(logprobs && { logprobs: logprobs.slice(known) }),
    };
  }
}

function diverged(): AtomaError {
  return new AtomaError(
    'device_died',
    'the device died under this stream, and its answer, made anew, is another one than what was sent already; send the request again',
  );
}
