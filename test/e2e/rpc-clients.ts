import { on, once } from 'node:events';
import { pino } from 'pino';
import { WebSocket } from 'ws';
import { type RpcLimits, RpcServer } from '#src/rpc/index.js';
import { FakeNode } from './rpc-fake-node.js';

/** A server on a free port, before a node that the test drives; both end with the test. */
export async function startServer(
  t: { teardown(close: () => unknown): unknown },
  limits: Partial<RpcLimits> = {},
  adminToken?: string,
): Promise<{ server: RpcServer; node: FakeNode }> {
  const node = new FakeNode();
  const logger = pino({ level: 'silent' });
  const server = await RpcServer.start({ host: '127.0.0.1', port: 0, limits, adminToken }, { node, logger });
  t.teardown(() => server.stop());
  return { server, node };
}

export function post(url: string, body: string, init: RequestInit = {}): Promise<Response> {
  return fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body, ...init });
}

/** Calls a method over HTTP; the parsed response object. */
export async function call(url: string, method: string, params?: unknown): Promise<unknown> {
  const response = await post(url, JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }));
  return response.json();
}

/** A WebSocket client that reads messages in their order. */
export class SocketClient {
  readonly socket: WebSocket;
  readonly #messages: AsyncIterator<[Buffer, boolean]>;

  private constructor(socket: WebSocket) {
    this.socket = socket;
    this.#messages = on(socket, 'message') as AsyncIterator<[Buffer, boolean]>;
  }

  static async connect(url: string, options: ConstructorParameters<typeof WebSocket>[2] = {}) {
    const socket = new WebSocket(`${url.replace('http', 'ws')}/ws`, options);
    const client = new SocketClient(socket);
    await once(socket, 'open');
    return client;
  }

  send(message: unknown): void {
    this.socket.send(JSON.stringify(message));
  }

  call(id: unknown, method: string, params?: unknown): void {
    this.send({ jsonrpc: '2.0', id, method, params });
  }

  /** The next message. */
  async next(): Promise<unknown> {
    const { value } = await this.#messages.next();
    return JSON.parse(String(value[0]));
  }

  /** The result of a call; nothing else may come before it. */
  async result(id: unknown, method: string, params?: unknown): Promise<unknown> {
    this.call(id, method, params);
    const answer = await this.next();
    if (typeof answer === 'object' && answer !== null && 'result' in answer) return answer.result;
    throw new Error(`no result but ${JSON.stringify(answer)}`);
  }

  /** Code and reason with which the server closes. */
  async closed(): Promise<{ code: number; reason: string }> {
    const [code, reason] = await once(this.socket, 'close');
    return { code, reason: String(reason) };
  }
}
