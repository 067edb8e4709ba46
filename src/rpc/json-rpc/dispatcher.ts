import type { Logger } from 'pino';
import { audited } from '../access/audit.js';
import { checkJsonDepth } from '../access/json-depth.js';
import type { Principal } from '../access/principal.js';
import { catalogued, isCatalogued, toRpcError } from '../error-catalogue.js';
import type { CallMeter } from '../metrics/call-meter.js';
import type { StreamHost } from '../websocket/stream-host.js';
import type { CallScope } from './call-scope.js';
import { type IdText, NULL_ID } from './id.js';
import {
  checkRequest,
  errorResponse,
  type Message,
  parseMessage,
  shorten,
  successResponse,
} from './message.js';
import type { Method } from './method.js';

/** Who sent a message. */
export interface Caller {
  readonly scope: CallScope;
  readonly streams: StreamHost | undefined;
  readonly principal: Principal;
}

/** JSON-RPC 2.0 without its transport: a message in, the text of its answer out. */
export class Dispatcher {
  readonly #maxBatchCalls: number;
  readonly #maxJsonDepth: number;
  readonly #methods: ReadonlyMap<string, Method>;
  readonly #logger: Logger;
  readonly #meter: CallMeter | undefined;

  constructor(
    options: { readonly maxBatchCalls: number; readonly maxJsonDepth: number },
    modules: {
      readonly methods: readonly Method[];
      readonly logger: Logger;
      readonly meter?: CallMeter;
    },
  ) {
    this.#maxBatchCalls = options.maxBatchCalls;
    this.#maxJsonDepth = options.maxJsonDepth;
    this.#methods = new Map(modules.methods.map((method) => [method.name, method]));
    this.#logger = modules.logger;
    this.#meter = modules.meter;
  }

  get methodNames(): readonly string[] {
    return [...this.#methods.keys()];
  }

  /** Answers a request or a batch; undefined where it holds notifications only. Never rejects. */
  async handle(bytes: Uint8Array, caller: Caller): Promise<string | undefined> {
    try {
      checkJsonDepth(bytes, this.#maxJsonDepth);
      const message = parseMessage(bytes);
      const { value, ids } = message;
      if (Array.isArray(value)) return await this.#batch(value, message, caller);
      return await this.#one(value, ids.of(value, undefined), caller);
    } catch (error) {
      this.#meter?.begin(apiOf(caller), undefined)(error);
      return errorResponse(NULL_ID, toRpcError(error));
    }
  }

  async #batch(messages: readonly unknown[], { ids }: Message, caller: Caller): Promise<string | undefined> {
    if (messages.length === 0) {
      throw catalogued('invalid_request', 'Invalid Request: the batch is empty, wanted at least one call.');
    }
    if (messages.length > this.#maxBatchCalls) {
      throw catalogued(
        'batch_too_large',
        `The batch holds ${messages.length} calls, at most ${this.#maxBatchCalls} are allowed; none was run.`,
        { calls: messages.length, limit: this.#maxBatchCalls },
      );
    }
    const answers = await Promise.all(
      messages.map((message, position) => this.#one(message, ids.of(message, position), caller)),
    );
    const sent = answers.filter((answer) => answer !== undefined);
    return sent.length === 0 ? undefined : `[${sent.join(',')}]`;
  }

  async #one(message: unknown, id: IdText | undefined, caller: Caller): Promise<string | undefined> {
    let answered = true;
    const metered = this.#meter?.begin(apiOf(caller), this.#nameOf(message));
    try {
      const request = checkRequest(message, id);
      answered = !request.isNotification;
      const { scope, streams, principal } = caller;
      const result = await scope.run((signal) => {
        const method = this.#method(request.method);
        const act = { method: method.name, scopes: method.scopes, params: request.params, principal };
        return audited(this.#logger, act, () => {
          requireOneOf(method.scopes, principal);
          return method.run(request.params, { signal, streams, principal });
        });
      });
      metered?.();
      return answered ? successResponse(id ?? NULL_ID, result) : undefined;
    } catch (error) {
      metered?.(error);
      if (!isCatalogued(error)) this.#logger.error({ err: error, rpcId: id }, 'a JSON-RPC call failed');
      return answered ? errorResponse(id ?? NULL_ID, toRpcError(error)) : undefined;
    }
  }

  /** The method that is called, where the node has it. */
  #nameOf(message: unknown): string | undefined {
    const isObject = typeof message === 'object' && message !== null;
    const name: unknown = isObject ? Reflect.get(message, 'method') : undefined;
    return typeof name === 'string' && this.#methods.has(name) ? name : undefined;
  }

  #method(name: string): Method {
    const method = this.#methods.get(name);
    if (method !== undefined) return method;
    throw catalogued(
      'method_not_found',
      `Method not found: ${shorten(name)}; this node has ${this.methodNames.join(', ')}.`,
    );
  }
}

/** Only over WebSocket there is something that can carry streams. */
function apiOf({ streams }: Caller): 'jsonrpc' | 'websocket' {
  return streams === undefined ? 'jsonrpc' : 'websocket';
}

/** @throws what {@link Principal.require} throws of the first of them, where none is there */
function requireOneOf(scopes: Method['scopes'], principal: Principal): void {
  const refusals: unknown[] = [];
  for (const scope of scopes) {
    try {
      principal.require(scope);
      return;
    } catch (error) {
      refusals.push(error);
    }
  }
  throw refusals[0];
}
