import type { Duplex } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { type RawData, WebSocket } from 'ws';
import type { Principal } from '../access/principal.js';
import { catalogued, isCatalogued } from '../error-catalogue.js';
import { CallScope } from '../json-rpc/call-scope.js';
import type { Dispatcher } from '../json-rpc/dispatcher.js';
import type { FrameEncoder } from './frame-encoder.js';
import type { Within } from './observe-upgrade.js';
import { SocketOutlet } from './outlet.js';
import type { StreamHost, StreamOptions } from './stream-host.js';
import type { Subscription, SubscriptionHost } from './subscription.js';
import { Subscriptions, type SubscriptionsContext } from './subscriptions.js';

/** RFC 6455, 7.4.1. */
const CLOSE_NORMAL = 1000;
/** RFC 6455, 7.4.1: without a closing handshake. */
const CLOSE_ABNORMAL = 1006;
/** The registry of RFC 6455, 11.7. */
const CLOSE_TRY_AGAIN_LATER = 1013;

/** What all sessions of an endpoint have in common. */
export interface SessionContext extends SubscriptionsContext {
  readonly dispatcher: Dispatcher;
  readonly encoder: FrameEncoder;
  readonly logger: Logger;
  /** Called once, when the connection of a session is gone. */
  readonly onClosed: (session: WebSocketSession) => void;
}

interface SessionModules {
  readonly socket: SessionSocket;
  /** What `socket` writes to. */
  readonly connection: Duplex;
  readonly principal: Principal;
  /** As what its calls are told; undefined where nobody is told. */
  readonly within: Within | undefined;
}

/** A WebSocket that knows its session: so listeners are functions that all sockets share. */
export class SessionSocket extends WebSocket {
  session: WebSocketSession | undefined;
}

/**
 * One WebSocket client: its calls, its subscriptions, and what is sent to it. There may be tens of thousands that do
 * nothing but wait: what they may never need is made when it is needed.
 */
export class WebSocketSession implements SubscriptionHost {
  readonly principal: Principal;
  readonly #context: SessionContext;
  readonly #socket: SessionSocket;
  readonly #outlet: SocketOutlet;
  readonly #within: Within | undefined;
  #scope: CallScope | undefined;
  #subscriptions: Subscriptions | undefined;
  #answers: Set<Promise<void>> | undefined;
  #isAlive = true;
  /** The code with which the node closed it; undefined while it did not. */
  #closedWith: number | undefined;
  /** Pings since it last did something; not a time, which would be an object of its own. */
  #idlePings = 0;

  constructor(context: SessionContext, { socket, connection, principal, within }: SessionModules) {
    this.principal = principal;
    this.#context = context;
    this.#socket = socket;
    this.#within = within;
    this.#outlet = new SocketOutlet(context.limits, { socket, connection, owner: this });
    socket.session = this;
    socket.on('message', onMessage);
    socket.on('pong', onPong);
    socket.on('error', onError);
    socket.on('close', onClose);
  }

  /** Bytes that wait for the client to read them. */
  get bufferedBytes(): number {
    return this.#socket.bufferedAmount;
  }

  /** Streams that the client reads. */
  get subscriptionCount(): number {
    return this.#subscriptions?.size ?? 0;
  }

  /** Code of RFC 6455 with which the node closed it; undefined where it did not. */
  get closedWith(): number | undefined {
    return this.#closedWith;
  }

  get encoder(): FrameEncoder {
    return this.#context.encoder;
  }

  get isWritable(): boolean {
    return this.#outlet.isWritable;
  }

  /**
   * Asks for a sign of life, and drops the client that gave none since it was asked last; closes the one that lives
   * but has done nothing for long.
   */
  ping(): void {
    // One that is known not to read, or is told goodbye, has a time limit of its own.
    if (this.#outlet.isStalled || this.#socket.readyState !== WebSocket.OPEN) return;
    if (!this.#isAlive) {
      this.#closedWith ??= CLOSE_ABNORMAL;
      this.#socket.terminate();
      return;
    }
    this.#isAlive = false;
    if (this.#isIdle()) this.close(CLOSE_NORMAL, 'idle: no calls and no subscriptions');
    else this.#socket.ping();
  }

  /**
   * Cancels what the client started and says goodbye; a client that does not answer is cut off.
   * @param graceMs how long it may take to answer
   */
  close(code: number, reason: string, graceMs = this.#context.limits.stopGraceMs): void {
    this.#end(reason);
    this.#closedWith ??= code;
    this.#socket.close(code, reason);
    const cutOff = setTimeout(() => this.#socket.terminate(), graceMs);
    this.#socket.once('close', () => clearTimeout(cutOff));
  }

  /** As {@link WebSocketSession.close}, but tells the client first how its calls and streams end. */
  async leave(code: number, reason: string): Promise<void> {
    this.#scope?.end(reason);
    const error = catalogued('cancelled', reason);
    this.#subscriptions?.abort(error);
    const patience = delay(this.#context.limits.stopGraceMs, undefined, { ref: false });
    await Promise.race([Promise.all(this.#answers ?? []), patience]);
    this.close(code, reason);
  }

  /** Answers a message of the client. */
  receive(data: RawData): void {
    this.#isAlive = true;
    this.#idlePings = 0;
    const { dispatcher, limits } = this.#context;
    const opened: Subscription[] = [];
    const streams: StreamHost = {
      open: (options = {}) => {
        const subscription = this.#open(options);
        opened.push(subscription);
        return subscription;
      },
      cancel: (id) => this.#subscriptions?.cancel(id) ?? false,
    };
    this.#scope ??= new CallScope({ maxCalls: limits.maxConcurrentCalls });
    const caller = { scope: this.#scope, streams, principal: this.principal };
    this.#answers ??= new Set();
    const answers = this.#answers;
    const handle = (): Promise<string | undefined> => dispatcher.handle(toBytes(data), caller);
    const answered = (this.#within?.(handle) ?? handle()).then((answer) => {
      answers.delete(answered);
      if (answer !== undefined) this.send(answer);
      for (const subscription of opened) subscription.release();
    });
    answers.add(answered);
  }

  /** The client gave a sign of life. */
  live(): void {
    this.#isAlive = true;
  }

  send(message: string): void {
    this.#outlet.send(message);
  }

  awaitDrain(subscription: Subscription): void {
    this.#outlet.awaitDrain(subscription);
  }

  onTooSlow(reason: string): void {
    // Another while in which it may read: the reason comes behind all that it has not read yet.
    this.close(CLOSE_TRY_AGAIN_LATER, reason, this.#context.limits.maxStallMs);
  }

  onFailed(error: Error): void {
    this.#context.logger.debug({ err: error }, 'a WebSocket failed');
  }

  onClosed(): void {
    this.#end('The client closed its WebSocket.');
    this.#context.onClosed(this);
  }

  ended(subscription: Subscription, error: unknown): void {
    this.#subscriptions?.ended(subscription);
    if (error !== undefined && !isCatalogued(error))
      this.#context.logger.error({ err: error }, 'a token stream failed');
  }

  #isIdle(): boolean {
    const { idleTimeoutMs, pingIntervalMs } = this.#context.limits;
    const isBusy = (this.#answers?.size ?? 0) > 0 || (this.#subscriptions?.size ?? 0) > 0;
    this.#idlePings = isBusy ? 0 : this.#idlePings + 1;
    return this.#idlePings * pingIntervalMs > idleTimeoutMs;
  }

  #open(options: StreamOptions): Subscription {
    if (this.#socket.readyState !== WebSocket.OPEN) {
      throw catalogued('cancelled', 'The WebSocket is closed.');
    }
    this.#subscriptions ??= new Subscriptions(this.#context, { key: this.principal.id, host: this });
    return this.#subscriptions.open(options);
  }

  #end(reason: string): void {
    this.#scope?.end(reason);
    this.#outlet.end();
    this.#subscriptions?.end();
  }
}

function onMessage(this: WebSocket, data: RawData): void {
  if (this instanceof SessionSocket) this.session?.receive(data);
}

function onPong(this: WebSocket): void {
  if (this instanceof SessionSocket) this.session?.live();
}

function onError(this: WebSocket, error: Error): void {
  if (this instanceof SessionSocket) this.session?.onFailed(error);
}

function onClose(this: WebSocket): void {
  if (this instanceof SessionSocket) this.session?.onClosed();
}

function toBytes(data: RawData): Uint8Array {
  if (Array.isArray(data)) return Buffer.concat(data);
  return data instanceof ArrayBuffer ? new Uint8Array(data) : data;
}
