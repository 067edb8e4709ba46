import type { HashedFrame } from '../../core/index.js';

/**
 * Frames as JSON, without the closing brace. A frame reaches all its subscribers one after the other, so
 * the last one is remembered and encoded once for all of them.
 */
export class FrameEncoder {
  #frame: HashedFrame | undefined;
  #json = '';

  encode(frame: HashedFrame): string {
    if (frame !== this.#frame) {
      this.#frame = frame;
      this.#json = encodeFrame(frame);
    }
    return this.#json;
  }
}

/** `{"index":…,"text":…,"tokens":[…],"hash":…`, to be closed by the caller; without a hash that is not known. */
export function encodeFrame(
  frame: Omit<HashedFrame, 'hash'> & { readonly hash: string | undefined },
): string {
  const { index, text, tokens, hash } = frame;
  const json = `{"index":${index},"text":${JSON.stringify(text)},"tokens":[${tokens.join(',')}]`;
  return hash === undefined ? json : `${json},"hash":"${hash}"`;
}
