import type { Frame } from './frame-codec.js';

/** What a frame costs besides its event's bytes: objects, strings, cursor. An estimate, on the high side. */
const FRAME_OVERHEAD_BYTES = 1_024;

/** The live stream was dropped because its frames were not read as fast as they came. */
export class SpoolOverflow extends Error {
  override readonly name = 'SpoolOverflow';
}

export interface SpoolOptions {
  /** How much may wait to be read; beyond it the stream is dropped, and what waits can still be read. */
  readonly limitBytes: number;
}

/**
 * Reads a live stream as it comes and keeps its frames until they are wanted, within a bound: gRPC's own
 * queue has none, and no back-pressure reaches the full node. One reader.
 */
export class Spool<T extends Frame> {
  readonly #options: SpoolOptions;
  #frames: T[] = [];
  #bytes = 0;
  #end: { readonly error: unknown } | undefined;
  #wake: (() => void) | undefined;

  constructor(options: SpoolOptions, modules: { readonly frames: AsyncIterable<T> }) {
    this.#options = options;
    void this.#pump(modules.frames);
  }

  /**
   * All frames that wait, at least one.
   * @throws what ended the stream, once all frames before it have been taken
   */
  async take(): Promise<readonly [T, ...T[]]> {
    for (;;) {
      const [first, ...rest] = this.#frames;
      if (first !== undefined) {
        this.#frames = [];
        this.#bytes = 0;
        return [first, ...rest];
      }
      if (this.#end !== undefined) throw this.#end.error;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  async #pump(frames: AsyncIterable<T>): Promise<void> {
    let error: unknown = new Error('the endpoint ended the live stream');
    try {
      for await (const frame of frames) {
        this.#push(frame);
        if (this.#bytes > this.#options.limitBytes) {
          error = new SpoolOverflow(`more than ${this.#options.limitBytes} bytes of live events waited`);
          break;
        }
      }
    } catch (thrown) {
      error = thrown;
    }
    this.#end = { error };
    this.#wake?.();
  }

  #push(frame: T): void {
    // Of progress that nobody has read yet only the newest counts.
    const last = this.#frames.at(-1);
    if (frame.event === undefined && last !== undefined && last.event === undefined) {
      this.#frames[this.#frames.length - 1] = frame;
    } else {
      this.#frames.push(frame);
      this.#bytes += FRAME_OVERHEAD_BYTES + frame.size;
    }
    this.#wake?.();
  }
}
