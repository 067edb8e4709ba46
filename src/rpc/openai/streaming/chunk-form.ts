import type { Usage } from '../generation/usage.js';

/** What all chunks of a stream have in common. */
export interface ChunkHead {
  readonly id: string;
  readonly object: 'chat.completion.chunk' | 'text_completion';
  /** s since 1970 */
  readonly created: number;
  readonly model: string;
  readonly fingerprint: string | null;
}

/**
 * Chunks of a stream as events. They are put together from prepared text: all but a few bytes of a chunk is the same
 * for each token.
 */
export class ChunkForm {
  readonly #start: string;
  readonly #head: string;
  /** Ends a chunk with a choice; where usage is to come, each chunk before it says that it is not there yet. */
  readonly #end: string;

  constructor({ fingerprint, ...head }: ChunkHead, includeUsage: boolean) {
    this.#start = `data: ${JSON.stringify(head).slice(0, -1)}`;
    this.#head = `${this.#start},"system_fingerprint":${JSON.stringify(fingerprint)},"choices":[{"index":`;
    this.#end = includeUsage ? '}],"usage":null}\n\n' : '}]}\n\n';
  }

  /**
   * A chunk of one choice that goes on.
   * @param members of the choice as JSON text, such as `"text":"…"`
   * @param logprobs as JSON text
   */
  choice(index: number, members: string, logprobs = 'null'): string {
    return `${this.#head}${index},${members},"logprobs":${logprobs},"finish_reason":null${this.#end}`;
  }

  /**
   * The last chunk of one choice.
   * @param fingerprint of the run that made it
   */
  lastOfChoice(
    index: number,
    members: string,
    reason: string,
    fingerprint: string,
    logprobs = 'null',
  ): string {
    return `${this.#start},"system_fingerprint":${JSON.stringify(fingerprint)},"choices":[{"index":${index},${members},"logprobs":${logprobs},"finish_reason":"${reason}"${this.#end}`;
  }

  /** The chunk after those of all choices. */
  usage(usage: Usage): string {
    return `${this.#start},"choices":[],"usage":${JSON.stringify(usage)}}\n\n`;
  }
}
