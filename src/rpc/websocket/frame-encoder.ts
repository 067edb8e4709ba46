import type { TokenFrame } from '../../core/index.js';

/**
 * Frames as JSON, without the closing brace. A frame reaches all its subscribers one after the other, so
 * the last one is remembered and encoded once for all of them.
 */
export class FrameEncoder {
  #frame: TokenFrame | undefined;
  #json = '';

  encode(frame: TokenFrame): string {
    if (frame !== this.#frame) {
      this.#frame = frame;
      this.#json = encodeFrame(frame.index, frame.text, frame.tokens);
    }
    return this.#json;
  }
}

/** `{"index":…,"text":…,"tokens":[…]`, to be closed by the caller. */
export function encodeFrame(index: number, text: string, tokens: readonly number[]): string {
  return `{"index":${index},"text":${JSON.stringify(text)},"tokens":[${tokens.join(',')}]`;
}
