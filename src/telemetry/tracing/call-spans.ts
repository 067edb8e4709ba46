import { AsyncLocalStorage } from 'node:async_hooks';
import { type Context, ROOT_CONTEXT, SpanKind, SpanStatusCode, type TextMapGetter } from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import type { CallObserver, HttpEnd, HttpFacts, ObservedCall, RpcEnd, RpcFacts } from '../../core/index.js';
import { ATTR } from './attributes.js';
import type { OpenSpan, Spans } from './spans.js';

type Headers = HttpFacts['headers'];

const HEADERS: TextMapGetter<Headers> = {
  get: (headers, name) => headers[name],
  keys: (headers) => Object.keys(headers),
};

/** What failed of the server, by the conventions of HTTP spans: a client's own mistakes are no errors of ours. */
const FIRST_SERVER_ERROR = 500;

/** A server span for each HTTP request and each JSON-RPC call; a `traceparent` header goes on with its caller's trace. */
export class CallSpans implements CallObserver {
  readonly #spans: Spans;
  readonly #current = new AsyncLocalStorage<Context>();
  readonly #propagator = new W3CTraceContextPropagator();

  constructor(modules: { readonly spans: Spans }) {
    this.#spans = modules.spans;
  }

  /** In which call the caller of this runs; undefined outside of all. */
  get current(): Context | undefined {
    return this.#current.getStore();
  }

  onHttp({ method, path, route, clientAddress, headers }: HttpFacts): ObservedCall<HttpEnd> {
    const open = this.#spans.begin(route === undefined ? method : `${method} ${route}`, {
      parent: this.#propagator.extract(ROOT_CONTEXT, headers, HEADERS),
      kind: SpanKind.SERVER,
      attributes: {
        [ATTR.httpMethod]: method,
        [ATTR.urlPath]: path,
        ...(route !== undefined && { [ATTR.httpRoute]: route }),
        ...(clientAddress !== undefined && { [ATTR.clientAddress]: clientAddress }),
      },
    });
    return this.#observed(open, ({ status }) => {
      if (status === undefined) return this.#spans.fail(open, { code: 'client_left' });
      if (status >= FIRST_SERVER_ERROR) {
        open.span.setStatus({ code: SpanStatusCode.ERROR });
        open.span.setAttribute(ATTR.errorType, String(status));
      }
      this.#spans.end(open, { [ATTR.httpStatus]: status });
    });
  }

  onRpc({ method }: RpcFacts): ObservedCall<RpcEnd> {
    const open = this.#spans.begin(method, {
      parent: this.current,
      kind: SpanKind.SERVER,
      attributes: {
        [ATTR.rpcSystem]: 'jsonrpc',
        [ATTR.rpcMethod]: method,
      },
    });
    return this.#observed(open, ({ error }) => {
      if (error === undefined) this.#spans.end(open);
      else this.#spans.fail(open, error);
    });
  }

  #observed<End>({ context }: OpenSpan, end: (end: End) => void): ObservedCall<End> {
    return { run: (work) => this.#current.run(context, work), end };
  }
}
