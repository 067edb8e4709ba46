import type { HashedFrame, TokenLogprob } from '../../core/index.js';

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

type FrameToSend = Omit<HashedFrame, 'hash' | 'next'> & { readonly hash: string | undefined };

/** `{"index":…,"text":…,"tokens":[…],"hash":…`, to be closed by the caller; without a hash that is not known. */
export function encodeFrame({ index, text, textIndex, tokens, hash, logprobs }: FrameToSend): string {
  let json = `{"index":${index},"text":${JSON.stringify(text)},"tokens":[${tokens.join(',')}]`;
  if (textIndex !== undefined) json += `,"text_index":${textIndex}`;
  if (logprobs !== undefined) json += `,"logprobs":${JSON.stringify(logprobs)}`;
  return hash === undefined ? json : `${json},"hash":"${hash}"`;
}

/** Whether it is text after the last token, as far as is known: it comes with the end, or with the next token. */
export function isLeftOver({ tokens, next }: HashedFrame): boolean {
  return tokens.length === 0 && next === undefined;
}

/** Frames that a reader could not take one by one. */
export interface MergedFrames {
  readonly frame: HashedFrame;
  /** The first that is not in it; undefined where there is none yet. */
  readonly next: HashedFrame | undefined;
}

/** Characters that a token takes in JSON, about: its id, a comma. */
const CHARS_PER_TOKEN = 6;

/** One frame in place of `first` and those after it, but for text that is left over, up to about `maxChars` of JSON. */
export function mergeFrames(first: HashedFrame, maxChars: number): MergedFrames {
  const texts: string[] = [];
  const tokens: number[] = [];
  const logprobs: TokenLogprob[] = [];
  let last = first;
  let chars = 0;
  let at: HashedFrame | undefined = first;
  while (at !== undefined && !isLeftOver(at) && chars < maxChars) {
    texts.push(at.text);
    for (const token of at.tokens) tokens.push(token);
    for (const logprob of at.logprobs ?? []) logprobs.push(logprob);
    chars += at.text.length + at.tokens.length * CHARS_PER_TOKEN;
    last = at;
    at = at.next;
  }
  const { index, textIndex } = first;
  const frame = {
    ...{ index, text: texts.join(''), tokens, hash: last.hash },
    ...(textIndex !== undefined && { textIndex }),
    ...(logprobs.length > 0 && { logprobs }),
  };
  return { frame, next: at };
}
