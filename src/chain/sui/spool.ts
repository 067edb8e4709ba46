import type { Frame } from './event-source.js';

/** What a frame costs besides its event's bytes: objects, strings, cursor. An estimate, on the high side. */
const FRAME_OVERHEAD_BYTES = 1_024;

/** The live stream was dropped because its frames were not read as fast as they came. */
export class SpoolOverflow extends Error {
  override readonly name = 'SpoolOverflow';
}

export interface SpoolOptions {
  /** How much may wait to be read; beyond it the stream is dropped, and what waits can still be read. */
  readonly limitBytes: number;
  /** Called for each frame as it arrives, however long it will wait. */
  readonly onFrame: (frame: Frame) => void;
}

/**
 * Reads a live stream as it comes and keeps its frames until they are wanted, within a bound: gRPC's own
 * queue has none, and no back-pressure reaches the full node. One reader.
 */
export class Spool {
  readonly #options: SpoolOptions;
  readonly #frames: Frame[] = [];
  #bytes = 0;
  #end: { readonly error: unknown } | undefined;
  #wake: (() => void) | undefined;

  constructor(options: SpoolOptions, modules: { readonly frames: AsyncIterable<Frame> }) {
    this.#options = options;
    void this.#pump(modules.frames);
  }

  /**
   * The next frame.
   * @throws what ended the stream, once all frames before it have been read
   */
  async next(): Promise<Frame> {
    for (;;) {
      const frame = this.#frames.shift();
      if (frame !== undefined) {
        this.#bytes -= sizeOf(frame);
        return frame;
      }
      if (this.#end !== undefined) throw this.#end.error;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  async #pump(frames: AsyncIterable<Frame>): Promise<void> {
    let error: unknown = new Error('the endpoint ended the live stream');
    try {
      for await (const frame of frames) {
        this.#options.onFrame(frame);
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

  #push(frame: Frame): void {
    // Of progress that nobody has read yet only the newest counts.
    const last = this.#frames.at(-1);
    if (frame.event === undefined && last !== undefined && last.event === undefined) {
      this.#frames[this.#frames.length - 1] = frame;
    } else {
      this.#frames.push(frame);
      this.#bytes += sizeOf(frame);
    }
    this.#wake?.();
  }
}

function sizeOf(frame: Frame): number {
  return FRAME_OVERHEAD_BYTES + (frame.event?.contents?.value?.length ?? 0);
}
