import type { Logger } from 'pino';
import { audited } from '../access/audit.js';
import { checkJsonDepth } from '../access/json-depth.js';
import type { Principal } from '../access/principal.js';
import { catalogued, isCatalogued, toRpcError } from '../error-catalogue.js';
import type { StreamHost } from '../websocket/stream-host.js';
import type { CallScope } from './call-scope.js';
import { checkRequest, detectId, errorResponse, parseMessage, shorten, successResponse } from './message.js';
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

  constructor(
    options: { readonly maxBatchCalls: number; readonly maxJsonDepth: number },
    modules: { readonly methods: readonly Method[]; readonly logger: Logger },
  ) {
    this.#maxBatchCalls = options.maxBatchCalls;
    this.#maxJsonDepth = options.maxJsonDepth;
    this.#methods = new Map(modules.methods.map((method) => [method.name, method]));
    this.#logger = modules.logger;
  }

  get methodNames(): readonly string[] {
    return [...this.#methods.keys()];
  }

  /** Answers a request or a batch; undefined where it holds notifications only. Never rejects. */
  async handle(bytes: Uint8Array, caller: Caller): Promise<string | undefined> {
    try {
      checkJsonDepth(bytes, this.#maxJsonDepth);
      const message = parseMessage(bytes);
      return Array.isArray(message) ? await this.#batch(message, caller) : await this.#one(message, caller);
    } catch (error) {
      return errorResponse(null, toRpcError(error));
    }
  }

  async #batch(messages: readonly unknown[], caller: Caller): Promise<string | undefined> {
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
    const answers = await Promise.all(messages.map((message) => this.#one(message, caller)));
    const sent = answers.filter((answer) => answer !== undefined);
    return sent.length === 0 ? undefined : `[${sent.join(',')}]`;
  }

  async #one(message: unknown, caller: Caller): Promise<string | undefined> {
    let id = detectId(message) ?? null;
    let answered = true;
    try {
      const request = checkRequest(message);
      answered = request.id !== undefined;
      id = request.id ?? null;
      const { scope, streams, principal } = caller;
      const result = await scope.run((signal) => {
        const method = this.#method(request.method);
        const act = { method: method.name, scope: method.scope, params: request.params, principal };
        return audited(this.#logger, act, () => {
          principal.require(method.scope);
          return method.run(request.params, { signal, streams, principal });
        });
      });
      return answered ? successResponse(id, result) : undefined;
    } catch (error) {
      if (!isCatalogued(error)) this.#logger.error({ err: error, rpcId: id }, 'a JSON-RPC call failed');
      return answered ? errorResponse(id, toRpcError(error)) : undefined;
    }
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
