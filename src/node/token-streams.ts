import {
  AtomaError,
  type HashedFrame,
  type StreamEnd,
  type StreamListener,
  type StreamTarget,
  type TokenFrame,
} from '../core/index.js';
import { FrameLog, partFrom } from './frame-log.js';

export interface TokenStreamsOptions {
  /** Streams that have ended are kept for late readers up to this number; the oldest go first. */
  readonly maxEnded: number;
  /** Readers that wait for a ticket which has not come yet, over all tickets. */
  readonly maxWaiting: number;
}

// Twice the sockets that the RPC server takes, which are most of them.
const TOKEN_STREAMS_DEFAULTS: TokenStreamsOptions = { maxEnded: 1000, maxWaiting: 32_768 };

export interface TokenStreamsModules {
  /**
   * How a stream ended that is not kept here: it was dropped for newer ones, or ended before this process
   * started. undefined where it is not known to have ended. Asked once for each reader of a stream that is
   * not known; what it throws, `subscribe` throws.
   */
  readonly recall?: (target: StreamTarget) => StreamEnd | undefined;
}

interface Reader {
  fromIndex: number;
  readonly listener: StreamListener;
}

interface Stream {
  readonly frames: FrameLog;
  readonly readers: Set<Reader>;
  /** Its frames are not those of the run that a reader may have read from before. */
  restarted: boolean;
  end: StreamEnd | undefined;
}

/** The writing end of a stream. */
export interface StreamWriter {
  push(frame: TokenFrame): void;
  /**
   * Throws away what was written, and tells every reader so; all of them get the new frames from index 0. To
   * be called right after `open` too where a run of which readers may hold tokens ended with its process.
   */
  restart(): void;
  end(end: StreamEnd): void;
}

/** Every token stream of the node: who writes it, who reads it, and what was written so far. */
export class TokenStreams {
  readonly #options: TokenStreamsOptions;
  readonly #recall: (target: StreamTarget) => StreamEnd | undefined;
  readonly #streams = new Map<string, Stream>();
  readonly #ended: string[] = [];
  readonly #waiting = new Map<string, Set<Reader>>();
  #waitingTotal = 0;

  constructor(options: TokenStreamsOptions = TOKEN_STREAMS_DEFAULTS, modules: TokenStreamsModules = {}) {
    this.#options = options;
    this.#recall = modules.recall ?? (() => undefined);
  }

  /** @throws AtomaError `request_id_in_use` where a stream of that name still runs. */
  open(target: StreamTarget): StreamWriter {
    const key = keyOf(target);
    const former = this.#streams.get(key);
    if (former !== undefined && former.end === undefined) {
      throw new AtomaError('request_id_in_use', `${target.kind} ${target.id} is running already`);
    }
    if (former !== undefined) this.#ended.splice(this.#ended.indexOf(key), 1);
    const readers = this.#takeWaiting(key);
    // One that ended, as with an error, and is written again: those who read it may come back.
    const stream: Stream = {
      frames: new FrameLog(),
      readers,
      restarted: former !== undefined,
      end: undefined,
    };
    this.#streams.set(key, stream);
    return {
      push: (frame) => push(stream, frame),
      restart: () => restart(stream),
      end: (end) => this.#end(key, stream, end),
    };
  }

  /**
   * Reads a stream: what was written from `fromIndex` on, then what comes. Of a frame in which the index lies,
   * the tokens from there on come, with the frame's whole text ({@link HashedFrame.textIndex}). A ticket that is not known yet is waited for.
   *
   * A reader with an index above 0 holds tokens already. Where the stream was restarted before it came, or is
   * recalled, those may be of a run that no longer counts: it is told `onRestart` and gets all from index 0.
   * A recalled answer comes as one frame.
   * @throws AtomaError `not_found` for a request that does not exist, `busy` where too many wait.
   */
  subscribe(target: StreamTarget, fromIndex: number, listener: StreamListener): () => void {
    const key = keyOf(target);
    const reader: Reader = { fromIndex, listener };
    const stream = this.#streams.get(key) ?? this.#recalled(target);
    if (stream === undefined) return this.#wait(target, key, reader);
    if (stream.restarted && fromIndex > 0) rewind(reader);
    for (const frame of stream.frames.read()) deliver(frame, reader);
    if (stream.end !== undefined) {
      listener.onEnd(stream.end, stream.frames.hash());
      return () => undefined;
    }
    stream.readers.add(reader);
    return () => {
      stream.readers.delete(reader);
    };
  }

  #recalled(target: StreamTarget): Stream | undefined {
    const end = this.#recall(target);
    if (end === undefined) return undefined;
    return { frames: framesOf(end), readers: new Set(), restarted: true, end };
  }

  #wait(target: StreamTarget, key: string, reader: Reader): () => void {
    if (target.kind !== 'ticket') throw new AtomaError('not_found', `there is no request ${target.id}`);
    if (this.#waitingTotal >= this.#options.maxWaiting) {
      throw new AtomaError('busy', 'too many readers wait for tickets that have not come', {
        fields: { retryAfterMs: 1000 },
      });
    }
    const waiting = this.#waiting.get(key) ?? new Set<Reader>();
    this.#waiting.set(key, waiting.add(reader));
    this.#waitingTotal++;
    return () => {
      this.#streams.get(key)?.readers.delete(reader);
      if (!this.#waiting.get(key)?.delete(reader)) return;
      this.#waitingTotal--;
      if (waiting.size === 0) this.#waiting.delete(key);
    };
  }

  #takeWaiting(key: string): Set<Reader> {
    const waiting = this.#waiting.get(key) ?? new Set<Reader>();
    this.#waiting.delete(key);
    this.#waitingTotal -= waiting.size;
    return waiting;
  }

  #end(key: string, stream: Stream, end: StreamEnd): void {
    stream.end = end;
    for (const { listener } of stream.readers) listener.onEnd(end, stream.frames.hash());
    stream.readers.clear();
    if (!isWorthKeeping(end)) {
      this.#streams.delete(key);
      return;
    }
    this.#ended.push(key);
    if (this.#ended.length > this.#options.maxEnded) {
      const oldest = this.#ended.shift();
      if (oldest !== undefined) this.#streams.delete(oldest);
    }
  }
}

/** A node under overload refuses more in a second than there are places: they would push out every answer. */
function isWorthKeeping(end: StreamEnd): boolean {
  return end.ok || end.error.code !== 'busy';
}

function push({ frames, readers }: Stream, frame: TokenFrame): void {
  frames.write(frame);
  if (readers.size === 0) return;
  const newest = frames.read().at(-1);
  if (newest !== undefined) for (const reader of readers) deliver(newest, reader);
}

function restart(stream: Stream): void {
  stream.frames.clear();
  stream.restarted = true;
  for (const reader of stream.readers) rewind(reader);
}

function rewind(reader: Reader): void {
  reader.fromIndex = 0;
  reader.listener.onRestart();
}

/** A whole answer as one frame; none where there is nothing to show. */
function framesOf(end: StreamEnd): FrameLog {
  const frames = new FrameLog();
  if (!end.ok || end.completion.tokens.length === 0) return frames;
  const { text, tokens } = end.completion;
  frames.write({ index: 0, text, tokens });
  return frames;
}

/** Hands a reader what it asked for of a frame. */
function deliver(frame: HashedFrame, { fromIndex, listener }: Reader): void {
  const part = partFrom(frame, fromIndex);
  if (part !== undefined) listener.onFrame(part);
}

function keyOf(target: StreamTarget): string {
  return `${target.kind}:${target.id}`;
}
