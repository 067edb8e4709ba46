import { EnvHttpProxyAgent, fetch, Headers, type RequestInit, type Response } from 'undici';
import type { Environment } from '../hub-environment.js';
import { connectionFailure, type HubQuestion, isOf, refusalOf } from './failure.js';

export interface ConnectionOptions {
  readonly endpoint: string;
  readonly apiKey: string | undefined;
  /** For `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY`. */
  readonly env: Environment;
  readonly stallMs: number;
}

/** Requests to the hub, through the proxies of the environment, with the key for the hub alone. */
export class HubConnection {
  readonly #options: ConnectionOptions;
  #agent: EnvHttpProxyAgent | undefined;

  constructor(options: ConnectionOptions) {
    this.#options = options;
  }

  get hasKey(): boolean {
    return this.#options.apiKey !== undefined;
  }

  /**
   * One request. Where the hub sends on to another machine, the key does not go along.
   * @throws AtomaError for every answer that is no success, as `refusalOf` says; `hub_unreachable`
   */
  async request(url: string, init: RequestInit, question: Partial<HubQuestion>): Promise<Response> {
    const { endpoint, apiKey } = this.#options;
    const headers = new Headers(init.headers);
    headers.delete('authorization');
    if (apiKey !== undefined && isOf(endpoint, url)) headers.set('authorization', `Bearer ${apiKey}`);
    let response: Response;
    try {
      response = await fetch(url, { ...init, headers: [...headers], dispatcher: this.#dispatcher() });
    } catch (error) {
      init.signal?.throwIfAborted();
      throw connectionFailure(endpoint, error);
    }
    if (response.ok) return response;
    await response.body?.cancel();
    throw refusalOf(response, {
      endpoint,
      withKey: apiKey !== undefined,
      repo: undefined,
      revision: undefined,
      ...question,
    });
  }

  /** Closes what is open. */
  async close(): Promise<void> {
    await this.#agent?.destroy();
    this.#agent = undefined;
  }

  #dispatcher(): EnvHttpProxyAgent {
    const { env, stallMs } = this.#options;
    this.#agent ??= new EnvHttpProxyAgent({
      httpProxy: env['http_proxy'] ?? env['HTTP_PROXY'] ?? '',
      httpsProxy: env['https_proxy'] ?? env['HTTPS_PROXY'] ?? '',
      noProxy: env['no_proxy'] ?? env['NO_PROXY'] ?? '',
      connect: { timeout: stallMs },
      headersTimeout: stallMs,
      bodyTimeout: stallMs,
    });
    return this.#agent;
  }
}
