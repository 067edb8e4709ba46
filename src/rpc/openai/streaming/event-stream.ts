import type { ServerResponse } from 'node:http';
import { toOpenAiRefusal } from '../errors.js';
import type { Exchange } from '../exchange.js';
import { queueHeaders } from '../headers.js';

/** Proxies and clients give a silent connection up after 30 to 60 s. */
const KEEP_ALIVE_MS = 15_000;
/**
 * So long after it was queued a request gets its headers: before, a refusal keeps its status, and with the default
 * limit of waiting all refusals of the queue come before.
 */
const QUEUE_NOTICE_MS = 1000;

const COMMENT = ': keep-alive\n\n';
const DONE = 'data: [DONE]\n\n';

interface Options {
  /** Unsent bytes at which a client that does not read is cut off. */
  readonly maxBufferedBytes: number;
  /** Called once when it is. */
  readonly onCutOff: () => void;
}

/**
 * Server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html) as the answer to a request. The
 * headers go out with the first event, or when there is none for long: until then the answer can be a refusal.
 */
export class EventStream {
  readonly #exchange: Exchange;
  readonly #raw: ServerResponse;
  readonly #options: Options;
  readonly #keepAlive: NodeJS.Timeout;
  #notice: NodeJS.Timeout | undefined;
  #isOpen = false;

  constructor(exchange: Exchange, options: Options) {
    this.#exchange = exchange;
    this.#raw = exchange.reply.raw;
    this.#options = options;
    this.#keepAlive = setInterval(() => this.write(COMMENT), KEEP_ALIVE_MS);
    this.#raw.once('close', () => this.#stopTimers());
  }

  /** The request waits for its turn, which the client is to hear of soon. */
  announceQueue(): void {
    this.#notice ??= setTimeout(() => {
      this.#open();
      this.#raw.flushHeaders();
    }, QUEUE_NOTICE_MS);
  }

  /** @param events whole ones, each with its empty line */
  write(events: string): void {
    this.#open();
    if (this.#raw.destroyed) return;
    this.#raw.write(events);
    this.#keepAlive.refresh();
    if (this.#raw.writableLength > this.#options.maxBufferedBytes) this.#cutOff();
  }

  /** @param events the last ones before the mark of the end */
  end(events: string): void {
    this.#open();
    this.#raw.end(events + DONE);
    this.#stopTimers();
  }

  /**
   * Ends with an error in place of the mark of the end.
   * @throws the error where nothing was sent: it can be a refusal
   */
  fail(error: unknown): void {
    this.#stopTimers();
    if (!this.#isOpen) throw error;
    this.#raw.end(`data: ${JSON.stringify(toOpenAiRefusal(error).body)}\n\n`);
  }

  #open(): void {
    if (this.#isOpen) return;
    this.#isOpen = true;
    clearTimeout(this.#notice);
    const { reply, queuePlace } = this.#exchange;
    reply.hijack();
    reply.headers({
      ...(queuePlace && queueHeaders(queuePlace)),
      'openai-processing-ms': String(this.#exchange.elapsedMs()),
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache, no-transform',
      // nginx would gather events otherwise.
      'x-accel-buffering': 'no',
    });
    for (const [name, value] of Object.entries(reply.getHeaders())) {
      if (value !== undefined) this.#raw.setHeader(name, value);
    }
  }

  #cutOff(): void {
    this.#stopTimers();
    this.#raw.destroy();
    this.#options.onCutOff();
  }

  #stopTimers(): void {
    clearInterval(this.#keepAlive);
    clearTimeout(this.#notice);
  }
}
