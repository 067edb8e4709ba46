import type { StreamEnd, StreamListener } from '#src/core/index.js';
import { FrameLog, partFrom } from '#src/node/frame-log.js';

/** A token stream that a test drives by hand; readers get what was pushed before, then what comes. */
export class FakeStream {
  readonly listeners = new Set<StreamListener>();
  readonly #frames = new FrameLog();
  #end: StreamEnd | undefined;
  #index = 0;

  read(fromIndex: number, listener: StreamListener): () => void {
    for (const frame of this.#frames.read()) {
      const part = partFrom(frame, fromIndex);
      if (part !== undefined) listener.onFrame(part);
    }
    if (this.#end !== undefined) listener.onEnd(this.#end, this.#frames.hash());
    else this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  push(text: string, tokens: readonly number[]): void {
    this.#frames.write({ index: this.#index, text, tokens });
    this.#index += tokens.length;
    const frame = this.#frames.read().at(-1);
    if (frame !== undefined) for (const listener of this.listeners) listener.onFrame(frame);
  }

  restart(): void {
    this.#frames.clear();
    this.#index = 0;
    for (const listener of this.listeners) listener.onRestart();
  }

  finish(end: StreamEnd): void {
    this.#end = end;
    for (const listener of this.listeners) listener.onEnd(end, this.#frames.hash());
    this.listeners.clear();
  }
}
