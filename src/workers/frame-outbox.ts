import type { WireFrame } from './protocol.js';

interface OpenFrame {
  readonly index: number;
  text: string;
  readonly tokens: number[];
}

/**
 * Gathers what all jobs of a worker produced in one turn of its event loop and hands it on as one message.
 * The turn after a batch is decoded is when the next batch is already on its way to the engine, so the
 * message costs the decode loop nothing.
 */
export class FrameOutbox {
  readonly #open = new Map<number, OpenFrame>();
  readonly #post: (frames: readonly WireFrame[]) => void;
  #scheduled = false;

  constructor(post: (frames: readonly WireFrame[]) => void) {
    this.#post = post;
  }

  push(job: number, index: number, token: number | undefined, text: string): void {
    let frame = this.#open.get(job);
    if (frame === undefined) {
      frame = { index, text: '', tokens: [] };
      this.#open.set(job, frame);
    }
    frame.text += text;
    if (token !== undefined) frame.tokens.push(token);
    if (!this.#scheduled) {
      this.#scheduled = true;
      setImmediate(this.#flush);
    }
  }

  readonly #flush = (): void => {
    this.#scheduled = false;
    const frames: WireFrame[] = [];
    for (const [job, frame] of this.#open) frames.push([job, frame.index, frame.text, frame.tokens]);
    this.#open.clear();
    this.#post(frames);
  };
}
