import type { Duplex } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { type RawData, WebSocket } from 'ws';
import type { Principal } from '../access/principal.js';
import { catalogued, isCatalogued } from '../error-catalogue.js';
import { CallScope } from '../json-rpc/call-scope.js';
import type { Dispatcher } from '../json-rpc/dispatcher.js';
import type { RpcLimits } from '../options.js';
import type { FrameEncoder } from './frame-encoder.js';
import type { Within } from './observe-upgrade.js';
import type { StreamHost } from './stream-host.js';
import { Subscription } from './subscription.js';

/** RFC 6455, 7.4.1, and the registry's 1013. */
const CLOSE_TRY_AGAIN_LATER = 1013;

interface SessionModules {
  readonly socket: WebSocket;
  /** What `socket` writes to. */
  readonly connection: Duplex;
  readonly dispatcher: Dispatcher;
  readonly principal: Principal;
  readonly encoder: FrameEncoder;
  readonly within: Within;
  readonly logger: Logger;
}

/** One WebSocket client: its calls, its subscriptions, and what is sent to it. */
export class WebSocketSession {
  /** Resolves when the connection is gone. */
  readonly closed: Promise<void>;
  readonly #limits: RpcLimits;
  readonly #modules: SessionModules;
  readonly #scope: CallScope;
  readonly #subscriptions = new Map<string, Subscription>();
  readonly #answers = new Set<Promise<void>>();
  #lastId = 0;
  #alive = true;
  #corked = false;

  constructor(options: { readonly limits: RpcLimits }, modules: SessionModules) {
    this.#limits = options.limits;
    this.#modules = modules;
    this.#scope = new CallScope({ maxCalls: options.limits.maxConcurrentCalls });
    const { socket, logger } = modules;
    socket.on('message', (data) => this.#onMessage(data));
    socket.on('pong', () => {
      this.#alive = true;
    });
    socket.on('error', (error) => logger.debug({ err: error }, 'a WebSocket failed'));
    this.closed = new Promise((resolve) => {
      socket.once('close', () => {
        this.#end('The client closed its WebSocket.');
        resolve();
      });
    });
  }

  /** Asks for a sign of life, and drops the client that gave none since it was asked last. */
  ping(): void {
    const { socket } = this.#modules;
    if (!this.#alive) {
      socket.terminate();
      return;
    }
    this.#alive = false;
    if (socket.readyState === WebSocket.OPEN) socket.ping();
  }

  /** Cancels what the client started and says goodbye; a client that does not answer is cut off. */
  close(code: number, reason: string): void {
    const { socket } = this.#modules;
    this.#end(reason);
    socket.close(code, reason);
    const cutOff = setTimeout(() => socket.terminate(), this.#limits.stopGraceMs);
    socket.once('close', () => clearTimeout(cutOff));
  }

  /** As {@link WebSocketSession.close}, but tells the client first how its calls and streams end. */
  async leave(code: number, reason: string): Promise<void> {
    this.#scope.end(reason);
    const error = catalogued('cancelled', reason);
    for (const subscription of [...this.#subscriptions.values()]) subscription.abort(error);
    const patience = delay(this.#limits.stopGraceMs, undefined, { ref: false });
    await Promise.race([Promise.all(this.#answers), patience]);
    this.close(code, reason);
  }

  #onMessage(data: RawData): void {
    this.#alive = true;
    const opened: Subscription[] = [];
    const streams: StreamHost = {
      open: (fromIndex = 0) => {
        const subscription = this.#open(fromIndex);
        opened.push(subscription);
        return subscription;
      },
      cancel: (id) => this.#cancel(id),
    };
    const { dispatcher, principal, within } = this.#modules;
    const caller = { scope: this.#scope, streams, principal };
    const handled = within(() => dispatcher.handle(toBytes(data), caller));
    const answered = handled.then((answer) => {
      this.#answers.delete(answered);
      if (answer !== undefined) this.#send(answer);
      for (const subscription of opened) subscription.release();
    });
    this.#answers.add(answered);
  }

  #open(fromIndex: number): Subscription {
    const { encoder, logger, socket } = this.#modules;
    if (socket.readyState !== WebSocket.OPEN) throw catalogued('cancelled', 'The WebSocket is closed.');
    const limit = this.#limits.maxSubscriptions;
    if (this.#subscriptions.size >= limit) {
      throw catalogued(
        'too_many_subscriptions',
        `This WebSocket has ${limit} subscriptions, the most that one may have; end one or open another socket.`,
        { limit },
      );
    }
    this.#lastId += 1;
    const id = String(this.#lastId);
    const onEnded = (error: unknown): void => {
      this.#subscriptions.delete(id);
      if (error !== undefined && !isCatalogued(error)) logger.error({ err: error }, 'a token stream failed');
    };
    const subscription = new Subscription(
      { id, fromIndex },
      { encoder, send: (message) => this.#send(message), onEnded },
    );
    this.#subscriptions.set(id, subscription);
    return subscription;
  }

  #cancel(id: string): boolean {
    const subscription = this.#subscriptions.get(id);
    this.#subscriptions.delete(id);
    subscription?.cancel();
    return subscription !== undefined;
  }

  /** What is sent in one tick leaves in one write. */
  #send(message: string): void {
    const { socket, connection } = this.#modules;
    if (socket.readyState !== WebSocket.OPEN) return;
    if (!this.#corked) {
      this.#corked = true;
      connection.cork();
      process.nextTick(this.#uncork);
    }
    socket.send(message);
    if (socket.bufferedAmount > this.#limits.maxBufferedBytes) {
      this.close(CLOSE_TRY_AGAIN_LATER, 'too slow: the client does not read what it asked for');
    }
  }

  readonly #uncork = (): void => {
    this.#corked = false;
    this.#modules.connection.uncork();
  };

  #end(reason: string): void {
    this.#scope.end(reason);
    const subscriptions = [...this.#subscriptions.values()];
    this.#subscriptions.clear();
    for (const subscription of subscriptions) subscription.cancel();
  }
}

function toBytes(data: RawData): Uint8Array {
  if (Array.isArray(data)) return Buffer.concat(data);
  return data instanceof ArrayBuffer ? new Uint8Array(data) : data;
}
