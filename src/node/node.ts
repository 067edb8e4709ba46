import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Config } from '../config/index.js';
import {
  AtomaError,
  checkPromptParams,
  type ModelInfo,
  type ProcessLock,
  type StreamEnd,
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
import type { Journal } from '../tickets/index.js';
import type { Device, LoadProgress } from '../workers/index.js';
import { ChainSide } from './chain-side.js';
import { planDevices } from './devices.js';
import { takeLocks } from './locks.js';
import { chainInfo, deviceInfo } from './node-info.js';
import type { NodeOptions } from './node-options.js';
import { type StreamWriter, TokenStreams } from './token-streams.js';
import { VERSION } from './version.js';

/** How long what was cancelled at the end of the grace may take to end: a token or two of a large model, ms. */
const CANCEL_MS = 2000;

/** Called once when a running node can go on no longer. */
export type FatalHandler = (error: unknown) => void;

interface Parts {
  readonly config: Config;
  readonly logger: Logger;
  readonly options: NodeOptions;
  readonly plans: Awaited<ReturnType<typeof planDevices>>;
  readonly locks: readonly ProcessLock[];
}

interface StartOptions {
  readonly onProgress: LoadProgress;
  readonly onFatal: FatalHandler;
}

/** The node: builds its parts in the order written here, and stops them in the reverse one. */
export class AtomaNode implements NodeApi {
  readonly #config: Config;
  readonly #options: NodeOptions;
  readonly #logger: Logger;
  readonly #devices: readonly Device[];
  readonly #plans: Parts['plans'];
  readonly #locks: readonly ProcessLock[];
  readonly #scheduler: Scheduler;
  readonly #streams: TokenStreams;
  readonly #requests = new Set<Promise<unknown>>();
  readonly #stopping = new AbortController();
  readonly #startedAt = performance.now();
  #chainSide: ChainSide | undefined;
  /** Why the chain is not connected, before it is. */
  #unreachable = '';
  #rpc: RpcServer | undefined;
  #starting: Promise<void> = Promise.resolve();
  #state: 'starting' | 'running' | 'stopping' = 'starting';

  private constructor(parts: Parts) {
    this.#config = parts.config;
    this.#options = parts.options;
    this.#logger = parts.logger;
    this.#plans = parts.plans;
    this.#devices = parts.plans.map(({ device }) => device);
    this.#locks = parts.locks;
    const { maxRequestWaitMs, maxQueuedRequests, ticketReserve } = parts.config.inference.scheduler;
    this.#scheduler = new Scheduler(
      {
        ...SCHEDULER_DEFAULTS,
        maxRequestWaitMs,
        maxQueuedRequests,
        // Without a chain there are no tickets to hold sequences back for.
        ticketReserve: parts.config.chain === undefined ? 0 : ticketReserve,
      },
      { executors: this.#devices },
    );
    this.#streams = new TokenStreams(undefined, { recall: (target) => this.#recall(target) });
  }

  /**
   * Takes the locks, which {@link AtomaNode.stop} lets go.
   * @throws AtomaError `already_running`, `lock_unavailable`, or where a model's file cannot be found.
   */
  static async create(
    config: Config,
    options: NodeOptions,
    modules: { readonly logger: Logger },
  ): Promise<AtomaNode> {
    const plans = await planDevices(config.inference, modules);
    const locks = config.chain === undefined ? [] : takeLocks(config.chain, options.lockDir);
    return new AtomaNode({ config, options, logger: modules.logger, plans, locks });
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
    const { rpc, jrpcPort: port } = this.#config.inference;
    const { host } = rpc;
    if (!isLoopback(host)) {
      this.#logger.warn(
        { host },
        'RPC listens beyond this machine, without keys: anyone who reaches it can use it',
      );
    }
    this.#rpc = await RpcServer.start({ host, port }, { node: this, logger: this.#logger });
    return this.#rpc.url;
  }

  /**
   * Opens the journal, connects to the chain, loads the models and begins to take tickets: those that are sent
   * to the chain after this resolves are certain to be seen.
   * @throws AtomaError of the first part that cannot start; call `stop` then.
   */
  start(options: StartOptions): Promise<void> {
    this.#starting = this.#start(options);
    return this.#starting;
  }

  async #start({ onProgress, onFatal }: StartOptions): Promise<void> {
    const { chain } = this.#config;
    if (chain === undefined) this.#logger.info('no chain is configured: serving RPC only');
    else {
      this.#chainSide = await ChainSide.open(
        { config: chain, ...this.#options },
        {
          scheduler: this.#scheduler,
          streams: this.#streams,
          logger: this.#logger,
          signal: this.#stopping.signal,
          onUnreachable: (reason) => {
            this.#unreachable = `: ${reason}`;
          },
        },
      );
    }
    if (this.#stopping.signal.aborted) return;
    const onChange = (): void => this.#scheduler.refresh();
    await Promise.all(
      this.#plans.flatMap(({ device, models }) => {
        device.start(onChange);
        return models.map((model) => device.load(model, onProgress));
      }),
    );
    for (const { name, contextSize } of this.listModels()) this.#scheduler.serve(name, contextSize);
    if (this.#state !== 'starting') return;
    this.#state = 'running';
    await this.#chainSide?.start(onFatal);
  }

  /**
   * Takes nothing more, gives what runs `graceMs` to end, hands back to the journal what did not, then ends
   * every part; a device that does not answer does not hold this up.
   */
  async stop(graceMs: number): Promise<void> {
    const starting = this.#state === 'starting' ? this.#starting : undefined;
    this.#state = 'stopping';
    this.#stopping.abort();
    if (starting !== undefined) await this.#stopDevices();
    await starting?.catch(() => undefined);
    await this.#chainSide?.stopIntake();
    const within = (ms: number, work: Promise<unknown>): Promise<unknown> =>
      Promise.race([work, delay(ms, undefined, { ref: false })]);
    const tickets = this.#chainSide?.drain(graceMs) ?? Promise.resolve();
    await Promise.all([
      within(graceMs + CANCEL_MS, tickets),
      within(graceMs, Promise.allSettled(this.#requests)),
    ]);
    this.#scheduler.stop();
    await this.#rpc?.stop();
    await this.#stopDevices();
    await tickets;
    await this.#chainSide?.close();
    for (const lock of this.#locks) lock.release();
  }

  async #stopDevices(): Promise<void> {
    await Promise.all(this.#devices.map((device) => device.stop()));
  }

  async generate(request: GenerateRequest, options: GenerateOptions): Promise<GenerateResult> {
    checkPromptParams(request.params);
    if (this.#state !== 'running') throw new AtomaError('not_ready', this.readiness().reasons.join('; '));
    const stream = this.#streams.open({ kind: 'request', id: request.requestId });
    const running = this.#run(request, options, stream);
    this.#requests.add(running);
    try {
      const result = await running;
      stream.end({ ok: true, completion: result.completion });
      return result;
    } catch (error) {
      stream.end({ ok: false, error: toErrorData(error) });
      throw error;
    } finally {
      this.#requests.delete(running);
    }
  }

  async #run(
    { requestId, params }: GenerateRequest,
    { signal, onTokens, onRestart }: GenerateOptions,
    stream: StreamWriter,
  ): Promise<GenerateResult> {
    const { completion, queuedMs } = await this.#scheduler.submit(
      { id: requestId, params },
      { kind: 'request' },
      {
        signal,
        onTokens: (frame) => {
          onTokens?.(frame);
          stream.push(frame);
        },
        onRestart: () => {
          onRestart?.();
          stream.restart();
        },
      },
    );
    return { requestId, completion, queuedMs };
  }

  getTicket(id: string): Ticket | undefined {
    return this.#journal()?.get(id);
  }

  listTickets(query: { readonly state: TicketState | undefined; readonly limit: number }): readonly Ticket[] {
    return this.#journal()?.list(query) ?? [];
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
      .map(({ id, state, lastFault }) => `device ${id} is ${state}${lastFault ? `: ${lastFault}` : ''}`);
    if (this.#state === 'stopping') reasons.push('the node is stopping');
    else if (this.#chainSide !== undefined) reasons.push(...this.#chainSide.reasons());
    else if (this.#config.chain !== undefined) {
      reasons.push(`the chain is not connected yet${this.#unreachable}`);
    }
    return { ready: reasons.length === 0 && this.#state === 'running', reasons };
  }

  nodeInfo(): NodeInfo {
    const journal = this.#chainSide?.journal;
    const counts = journal?.counts();
    return {
      version: VERSION,
      uptimeMs: performance.now() - this.#startedAt,
      smallId: this.#config.chain?.client.smallId,
      chain: this.#chainSide && chainInfo(this.#chainSide.chain),
      devices: this.#devices.map(deviceInfo),
      queue: this.#scheduler.status(),
      tickets: counts?.byState ?? {},
      lateTickets: counts?.late ?? 0,
      journal: journal && { path: journal.path, fault: this.#chainSide?.journalFault?.message },
    };
  }

  /** @throws AtomaError `not_ready` where the journal is still to be opened: nothing is known of tickets yet. */
  #journal(): Journal | undefined {
    if (this.#chainSide === undefined && this.#config.chain !== undefined) {
      throw new AtomaError('not_ready', 'the node is starting and has not opened its journal yet');
    }
    return this.#chainSide?.journal;
  }

  #recall(target: StreamTarget): StreamEnd | undefined {
    if (target.kind !== 'ticket') return undefined;
    const ticket = this.getTicket(target.id);
    if (ticket?.answer !== undefined) return { ok: true, completion: ticket.answer };
    return ticket?.error === undefined ? undefined : { ok: false, error: ticket.error };
  }
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.');
}
