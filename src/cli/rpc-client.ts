import { once } from 'node:events';
import { WebSocket } from 'ws';
import { z } from 'zod';
import { AtomaError } from '../core/index.js';

/** One notification of a token stream. */
export interface StreamFrame {
  readonly index: number;
  readonly text: string;
  readonly tokens: readonly number[];
  /** blake2b-256 of the UTF-8 bytes of all text from index 0 on, 64 hexadecimal digits. */
  readonly hash?: string;
  /** The answer begins again: what came before no longer counts, frames come from index 0. */
  readonly restarted?: boolean;
  /** The last notification. */
  readonly done?: boolean;
  readonly error?: { readonly message: string; readonly data?: unknown };
}

const Reply = z.union([
  z.object({ id: z.number(), result: z.unknown() }),
  z.object({
    id: z.number().nullable(),
    error: z.object({ code: z.number(), message: z.string(), data: z.unknown() }),
  }),
]);

/** The fields that tell a notification from a reply; the node that sends them is the caller's own. */
interface Notification {
  readonly method?: string;
  readonly params: { readonly subscription: string; readonly result: StreamFrame };
}

interface PendingCall {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** A client of a node's WebSocket JSON-RPC. */
export class RpcClient {
  readonly #socket: WebSocket;
  readonly #calls = new Map<number, PendingCall>();
  readonly #streams = new Map<string, (frame: StreamFrame) => void>();
  readonly #early = new Map<string, StreamFrame[]>();
  #nextId = 1;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (data) => this.#receive(String(data)));
    socket.on('close', () => this.#onClose());
    socket.on('error', () => undefined);
  }

  /**
   * @param url of the node's RPC, `http://host:port` or `https://host:port`
   * @param options.apiKey where the node wants one: taken from `ATOMA_API_KEY`, never from a flag, which everybody on
   * the machine could read
   */
  static async connect(
    url: string,
    { apiKey }: { readonly apiKey?: string | undefined } = {},
  ): Promise<RpcClient> {
    const headers = apiKey ? { authorization: `Bearer ${apiKey}` } : {};
    const address = `${url.replace(/^http/, 'ws')}/ws`;
    const socket = new WebSocket(address, { perMessageDeflate: false, headers });
    const client = new RpcClient(socket);
    await once(socket, 'open');
    return client;
  }

  /** @throws AtomaError `rpc_error` with the node's message; `connection_closed`. */
  call(method: string, params: Readonly<Record<string, unknown>>): Promise<unknown> {
    if (this.#socket.readyState !== WebSocket.OPEN) return Promise.reject(connectionClosed());
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#calls.set(id, { resolve, reject });
      this.#socket.send(JSON.stringify({ jsonrpc: '2.0', id, method, params }));
    });
  }

  /**
   * Hands every frame of a subscription, also those that came before this call, to `onFrame`. Where the
   * connection is lost before the last one, a last one with an error is made up.
   */
  onFrames(subscription: string, onFrame: (frame: StreamFrame) => void): void {
    const early = this.#early.get(subscription) ?? [];
    if (!early.at(-1)?.done) this.#streams.set(subscription, onFrame);
    for (const frame of early) onFrame(frame);
    this.#early.delete(subscription);
    if (this.#socket.readyState === WebSocket.CLOSED) this.#onClose();
  }

  close(): void {
    this.#socket.terminate();
  }

  #onClose(): void {
    const error = connectionClosed();
    for (const call of this.#calls.values()) call.reject(error);
    this.#calls.clear();
    const listeners = [...this.#streams.values()];
    this.#streams.clear();
    for (const listener of listeners) {
      listener({ index: 0, text: '', tokens: [], done: true, error: { message: error.message } });
    }
  }

  #receive(data: string): void {
    const message: Notification = JSON.parse(data);
    if (message.method === 'atoma_subscription') {
      const { subscription, result } = message.params;
      const listener = this.#streams.get(subscription);
      if (listener !== undefined) listener(result);
      else this.#early.set(subscription, [...(this.#early.get(subscription) ?? []), result]);
      if (result.done) this.#streams.delete(subscription);
    } else this.#settle(Reply.parse(message));
  }

  #settle(message: z.infer<typeof Reply>): void {
    const call = this.#calls.get(message.id ?? 0);
    this.#calls.delete(message.id ?? 0);
    if ('error' in message) call?.reject(new AtomaError('rpc_error', message.error.message));
    else call?.resolve(message.result);
  }
}

function connectionClosed(): AtomaError {
  return new AtomaError('connection_closed', 'the node closed the connection');
}
