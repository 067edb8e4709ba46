import { Counter, Histogram, Registry } from 'prom-client';
import { AtomaError } from '../../core/index.js';
import { isCatalogued } from '../error-catalogue.js';

/** What a client spoke. */
export type Api = 'jsonrpc' | 'websocket' | 'openai' | 'http';

/** A request that was answered. */
export interface AnsweredRequest {
  readonly api: Api;
  /** A method that the node has, or the pattern of a route; never what a client chose. */
  readonly method: string;
  /** `ok`, the code of the error, or for an HTTP request that failed the status. */
  readonly code: string;
  readonly seconds: number;
}

/** Codes with which a call is refused for who makes it, or how often. Each is shown from the start. */
const REFUSALS = ['unauthorized', 'forbidden', 'admin_disabled', 'rate_limited'];

/** Why the node closes WebSockets, by the code of RFC 6455 that it gives. */
const CLOSURES: Readonly<Record<number, string>> = {
  1000: 'idle',
  1001: 'stopping',
  1006: 'dead',
  1008: 'key_ended',
  1013: 'too_slow',
};

/** Upper bounds in seconds: from a lookup in memory to a long answer. */
const REQUEST_SECONDS = [0.001, 0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300];

/** What the RPC server counts and times itself. */
export class RpcMeters {
  readonly registry = new Registry();
  readonly #requests: Counter<'api' | 'method' | 'code'>;
  readonly #durations: Histogram<'api' | 'method'>;
  readonly #refusals: Counter<'reason'>;
  readonly #closures: Counter<'reason'>;

  constructor() {
    const registers = [this.registry];
    this.#requests = new Counter({
      name: 'atoma_rpc_requests_total',
      help: 'Requests that were answered, by API, method and outcome; each call of a batch counts. The code is ok, the code of the error, or the status of an HTTP request that failed. Methods and routes that the node does not have count as other.',
      labelNames: ['api', 'method', 'code'],
      registers,
    });
    this.#durations = new Histogram({
      name: 'atoma_rpc_request_duration_seconds',
      help: 'Time from a request to the end of its answer, over HTTP to the last byte of a stream.',
      labelNames: ['api', 'method'],
      buckets: REQUEST_SECONDS,
      registers,
    });
    this.#refusals = new Counter({
      name: 'atoma_rpc_refusals_total',
      help: 'Calls that were refused for who made them, or how often, by the reason alone.',
      labelNames: ['reason'],
      registers,
    });
    this.#closures = new Counter({
      name: 'atoma_websocket_closures_total',
      help: 'WebSockets that ended, by why: client where it left or its connection was lost; dead where it no longer answered pings.',
      labelNames: ['reason'],
      registers,
    });
    for (const reason of REFUSALS) this.#refusals.inc({ reason }, 0);
    for (const reason of ['client', ...Object.values(CLOSURES)]) this.#closures.inc({ reason }, 0);
  }

  answered({ api, method, code, seconds }: AnsweredRequest): void {
    this.#requests.inc({ api, method, code });
    this.#durations.observe({ api, method }, seconds);
  }

  /** Counts an error with which somebody was turned away; errors of other kinds are let be. */
  refused(code: string): void {
    if (REFUSALS.includes(code)) this.#refusals.inc({ reason: code });
  }

  /** A WebSocket was asked for, and refused. */
  upgradeRefused(error: unknown): void {
    this.#requests.inc({ api: 'websocket', method: 'upgrade', code: outcomeOf(error) });
  }

  /** @param code with which the node closed it; undefined where the client did, or the connection was lost */
  socketClosed(code: number | undefined): void {
    this.#closures.inc({ reason: code === undefined ? 'client' : (CLOSURES[code] ?? 'other') });
  }
}

/** How a call ended, as a label: `ok` where nothing was thrown, else a code of the catalogue. */
export function outcomeOf(error: unknown): string {
  if (error === undefined) return 'ok';
  return error instanceof AtomaError && isCatalogued(error) ? error.code : 'internal';
}
