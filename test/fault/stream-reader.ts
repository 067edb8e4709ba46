import { EventEmitter, once } from 'node:events';
import { z } from 'zod';
import type { RpcClient, StreamFrame } from '#src/cli/rpc-client.js';
import { textHash } from '../fixtures/text-hash.js';

const Opened = z.union([z.string(), z.object({ subscription: z.string() }).transform((r) => r.subscription)]);

/** A client's reading of a token stream, which keeps what it gets as a client should, and minds gaps. */
export class StreamReader {
  readonly #changed = new EventEmitter();
  #tokens: number[];
  #text = '';
  /** It has the text from index 0 on. */
  #isWhole: boolean;
  #restarts = 0;
  #last: StreamFrame | undefined;

  private constructor(fromIndex: number) {
    // What a client has already; its values do not matter.
    this.#tokens = new Array<number>(fromIndex).fill(0);
    this.#isWhole = fromIndex === 0;
  }

  /** @param method `atoma_subscribe`, or `atoma_generate` with `stream` */
  static async open(
    rpc: RpcClient,
    method: 'atoma_subscribe' | 'atoma_generate',
    params: Readonly<Record<string, unknown>> & { readonly from_index?: number },
  ): Promise<StreamReader> {
    const reader = new StreamReader(params.from_index ?? 0);
    rpc.onFrames(Opened.parse(await rpc.call(method, params)), (frame) => reader.#take(frame));
    return reader;
  }

  /** Text since the last restart. */
  get text(): string {
    return this.#text;
  }

  /** Tokens that the client has. */
  get tokens(): readonly number[] {
    return this.#tokens;
  }

  /** How often it was told to throw away what it has. */
  get restarts(): number {
    return this.#restarts;
  }

  /** Resolves when the client has so many tokens. */
  async has(tokens: number): Promise<void> {
    while (this.#tokens.length < tokens) {
      if (this.#last !== undefined) throw new Error(`the stream ended: ${JSON.stringify(this.#last)}`);
      await once(this.#changed, 'change');
    }
  }

  /** The last notification. */
  async done(): Promise<StreamFrame & { readonly completion?: { readonly text: string } }> {
    while (this.#last === undefined) await once(this.#changed, 'change');
    return this.#last;
  }

  #take(frame: StreamFrame): void {
    if (frame.restarted) {
      if (frame.index !== 0) throw new Error(`a restart at index ${frame.index}`);
      this.#restarts++;
      this.#tokens = [];
      this.#text = '';
      this.#isWhole = true;
    } else if (frame.error === undefined && frame.index !== this.#tokens.length) {
      throw new Error(`a frame at ${frame.index} after ${this.#tokens.length} tokens`);
    }
    this.#tokens.push(...frame.tokens);
    this.#text += frame.text;
    if (this.#isWhole && frame.hash !== undefined && frame.hash !== textHash(this.#text)) {
      throw new Error(`the hash at ${frame.index} is not that of what was read`);
    }
    if (frame.done) this.#last = frame;
    this.#changed.emit('change');
  }
}
