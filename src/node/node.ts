import { setMaxListeners } from 'node:events';
import type { Logger } from 'pino';
import type { Chain } from '../chain/index.js';
import type { Config } from '../config/index.js';
import {
  AtomaError,
  type Completion,
  checkPromptParams,
  type ModelInfo,
  type StreamListener,
  type StreamTarget,
  type Ticket,
  type TicketState,
  toErrorData,
} from '../core/index.js';
import {
  type GenerateOptions,
  type GenerateRequest,
  type GenerateResult,
  type NodeApi,
  type NodeInfo,
  type Readiness,
  RpcServer,
} from '../rpc/index.js';
import { SCHEDULER_DEFAULTS, Scheduler } from '../scheduler/index.js';
import { TICKET_BOOK_DEFAULTS, TicketBook } from '../tickets/index.js';
import type { DeviceProcess, LoadProgress } from '../workers/index.js';
import { connectSui } from './connect-sui.js';
import { planDevices } from './devices.js';
import { SETTLEMENT_TIMEOUT_MS, TicketFlow } from './ticket-flow.js';
import { TokenStreams } from './token-streams.js';
import { VERSION } from './version.js';

/** Called once when a running node can go on no longer. */
export type FatalHandler = (error: unknown) => void;

interface Parts {
  readonly config: Config;
  readonly logger: Logger;
  readonly devices: readonly DeviceProcess[];
}

/** The node: builds its parts in the order written here, and stops them in the reverse one. */
export class AtomaNode implements NodeApi {
  readonly #config: Config;
  readonly #logger: Logger;
  readonly #devices: readonly DeviceProcess[];
  readonly #scheduler: Scheduler;
  readonly #streams = new TokenStreams();
  readonly #tickets = new TicketBook(TICKET_BOOK_DEFAULTS);
  readonly #intake = new AbortController();
  readonly #startedAt = performance.now();
  #chain: Chain | undefined;
  #flow: TicketFlow | undefined;
  #following: Promise<void> = Promise.resolve();
  #rpc: RpcServer | undefined;
  #state: 'starting' | 'running' | 'stopping' = 'starting';

  private constructor(parts: Parts) {
    this.#config = parts.config;
    this.#logger = parts.logger;
    this.#devices = parts.devices;
    this.#scheduler = new Scheduler(SCHEDULER_DEFAULTS, { executors: parts.devices });
    // One listener a call in flight; there is no leak to warn of.
    setMaxListeners(0, this.#intake.signal);
  }

  /** @throws AtomaError where a model's file cannot be found. */
  static async create(config: Config, modules: { readonly logger: Logger }): Promise<AtomaNode> {
    const devices = await planDevices(config.inference, modules);
    return new AtomaNode({ config, logger: modules.logger, devices });
  }

  /** Where RPC listens; undefined before {@link AtomaNode.listen}. */
  get url(): string | undefined {
    return this.#rpc?.url;
  }

  /**
   * Opens RPC, which answers `/readyz` with 503 until {@link AtomaNode.start} is through.
   * @throws AtomaError `port_in_use`.
   */
  async listen(): Promise<string> {
    const { rpc, jrpcPort } = this.#config.inference;
    if (!isLoopback(rpc.host)) {
      this.#logger.warn(
        { host: rpc.host },
        'RPC listens beyond this machine, without keys: anyone who reaches it can use it',
      );
    }
    this.#rpc = await RpcServer.start(
      { host: rpc.host, port: jrpcPort },
      { node: this, logger: this.#logger },
    );
    return this.#rpc.url;
  }

  /**
   * Loads the models, connects to the chain and begins to take tickets.
   * @throws AtomaError of the first part that cannot start; call `stop` then.
   */
  async start(options: { readonly onProgress: LoadProgress; readonly onFatal: FatalHandler }): Promise<void> {
    const { chain } = this.#config;
    if (chain === undefined) this.#logger.info('no chain is configured: serving RPC only');
    else this.#chain = await connectSui(chain, { logger: this.#logger });
    await Promise.all(this.#devices.map((device) => device.start(options.onProgress, options.onFatal)));
    for (const { name } of this.listModels()) this.#scheduler.serve(name);
    if (chain !== undefined && this.#chain !== undefined)
      this.#follow(this.#chain, chain.client.smallId, options.onFatal);
    this.#state = 'running';
  }

  /** Stops intake, gives tickets in flight `graceMs` to be committed, then ends every part. */
  async stop(graceMs: number): Promise<void> {
    this.#state = 'stopping';
    this.#intake.abort();
    await this.#following;
    await this.#flow?.drain(graceMs);
    await this.#rpc?.stop();
    await Promise.all(this.#devices.map((device) => device.stop()));
    await this.#chain?.close();
  }

  async generate(request: GenerateRequest, options: GenerateOptions): Promise<GenerateResult> {
    const { requestId, params } = request;
    checkPromptParams(params);
    if (this.#state !== 'running') throw new AtomaError('not_ready', this.readiness().reasons.join('; '));
    const stream = this.#streams.open({ kind: 'request', id: requestId });
    let completion: Completion;
    let queuedMs: number;
    try {
      ({ completion, queuedMs } = await this.#scheduler.submit(
        { id: requestId, params },
        { kind: 'request' },
        {
          signal: options.signal,
          onTokens: (frame) => {
            options.onTokens?.(frame);
            stream.push(frame);
          },
        },
      ));
    } catch (error) {
      stream.end({ ok: false, error: toErrorData(error) });
      throw error;
    }
    stream.end({ ok: true, completion });
    return { requestId, completion, queuedMs };
  }

  getTicket(id: string): Ticket | undefined {
    return this.#tickets.get(id);
  }

  listTickets(query: { readonly state: TicketState | undefined; readonly limit: number }): readonly Ticket[] {
    return this.#tickets.list(query);
  }

  listModels(): readonly ModelInfo[] {
    return this.#devices.flatMap((device) => device.models);
  }

  subscribe(target: StreamTarget, fromIndex: number, listener: StreamListener): () => void {
    return this.#streams.subscribe(target, fromIndex, listener);
  }

  readiness(): Readiness {
    const reasons = this.#devices
      .filter((device) => device.state !== 'ready')
      .map((device) => `device ${device.id} is ${device.state}`);
    if (this.#state === 'stopping') reasons.push('the node is stopping');
    else if (this.#config.chain !== undefined && !(this.#chain?.status().following ?? false)) {
      reasons.push('the chain is not followed yet');
    }
    return { ready: reasons.length === 0 && this.#state === 'running', reasons };
  }

  nodeInfo(): NodeInfo {
    return {
      version: VERSION,
      uptimeMs: performance.now() - this.#startedAt,
      smallId: this.#config.chain?.client.smallId,
      chain: this.#chainInfo(),
      devices: this.#devices.map(({ id, state, models }) => ({
        id,
        state,
        models: models.map(({ name }) => name),
        restarts: 0,
        lastFault: undefined,
      })),
      queue: this.#scheduler.status(),
      tickets: this.#tickets.counts(),
      lateTickets: 0,
      journal: undefined,
    };
  }

  #chainInfo(): NodeInfo['chain'] {
    if (this.#chain === undefined) return undefined;
    const { checkpoint, ...status } = this.#chain.status();
    return {
      name: this.#chain.name,
      ...status,
      checkpoint: checkpoint?.sequence.toString(),
      checkpointAgeMs: checkpoint === undefined ? undefined : Date.now() - checkpoint.seenAtMs,
    };
  }

  #follow(chain: Chain, smallId: bigint, onFatal: FatalHandler): void {
    this.#flow = new TicketFlow(
      { smallId, settlementTimeoutMs: SETTLEMENT_TIMEOUT_MS },
      {
        chain,
        tickets: this.#tickets,
        scheduler: this.#scheduler,
        streams: this.#streams,
        logger: this.#logger,
      },
    );
    this.#following = this.#flow.follow(this.#intake.signal).catch(onFatal);
  }
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.');
}
