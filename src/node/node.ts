import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Config } from '../config/index.js';
import {
  AtomaError,
  checkPromptParams,
  type Dispute,
  type ModelInfo,
  type ProcessLock,
  type StreamListener,
  type StreamTarget,
  type Ticket,
} from '../core/index.js';
import { ModelStore } from '../models/index.js';
import {
  type ChatRequest,
  type GenerateOptions,
  type GenerateRequest,
  type GenerateResult,
  type LoadModelRequest,
  type LoadModelResult,
  type NodeApi,
  type NodeInfo,
  type Readiness,
  RpcServer,
  type UnloadModelRequest,
  type UnloadModelResult,
} from '../rpc/index.js';
import { Scheduler } from '../scheduler/index.js';
import { Telemetry } from '../telemetry/index.js';
import type { Journal } from '../tickets/index.js';
import { recalledEnd } from './answer.js';
import { ChainSide } from './chain-side.js';
import { collectEvidence } from './evidence/collect.js';
import { flushModels } from './flush-models.js';
import { Machine } from './hardware.js';
import { takeLocks } from './locks.js';
import { ModelHost } from './model-host.js';
import type { ModelProgress } from './model-progress.js';
import { modelReasons, modelWarnings } from './model-readiness.js';
import { ModelRequests } from './model-requests.js';
import { loadConfigured } from './model-start.js';
import { nodeInfoOf } from './node-info.js';
import type { NodeOptions } from './node-options.js';
import { renderChatOf } from './render-chat.js';
import { Requests } from './requests.js';
import { schedulerOptions } from './scheduler-options.js';
import { TokenStreams } from './token-streams.js';

/** How long what was cancelled at the end of the grace may take to end: a token or two of a large model, ms. */
const CANCEL_MS = 2000;

/** Called once when a running node can go on no longer. */
export type FatalHandler = (error: unknown) => void;

interface Parts {
  readonly config: Config;
  readonly logger: Logger;
  readonly options: NodeOptions;
  readonly store: ModelStore;
  readonly locks: readonly ProcessLock[];
}

interface StartOptions {
  /** Told how far each model is. */
  readonly onProgress: (progress: ModelProgress) => void;
  readonly onFatal: FatalHandler;
}

/** The node: builds its parts in the order written here, and stops them in the reverse one. */
export class AtomaNode implements NodeApi {
  readonly #config: Config;
  readonly #options: NodeOptions;
  readonly #logger: Logger;
  readonly #locks: readonly ProcessLock[];
  readonly #scheduler: Scheduler;
  readonly #streams: TokenStreams;
  readonly #requests: Requests;
  readonly #store: ModelStore;
  readonly #machine: Machine;
  readonly #host: ModelHost;
  readonly #modelRequests: ModelRequests;
  readonly #telemetry = new Telemetry();
  readonly #stopping = new AbortController();
  readonly #startedAt = performance.now();
  #chainSide: ChainSide | undefined;
  /** Why the chain is not connected, before it is. */
  #unreachable = '';
  #rpc: RpcServer | undefined;
  #connecting: Promise<void> = Promise.resolve();
  #starting: Promise<void> = Promise.resolve();
  #taking: Promise<void> = Promise.resolve();
  #state: 'starting' | 'running' | 'stopping' = 'starting';

  private constructor(parts: Parts) {
    this.#config = parts.config;
    this.#options = parts.options;
    this.#logger = parts.logger;
    this.#store = parts.store;
    this.#locks = parts.locks;
    this.#scheduler = new Scheduler(schedulerOptions(parts.config), { observers: this.#telemetry.observers });
    this.#streams = new TokenStreams(undefined, {
      recall: ({ kind, id }) => (kind === 'ticket' ? recalledEnd(this.getTicket(id)) : undefined),
    });
    const modules = { scheduler: this.#scheduler, streams: this.#streams, logger: parts.logger };
    this.#requests = new Requests({ ...modules, models: () => this.#host.models });
    this.#machine = new Machine({ choice: parts.options.gpu ?? 'auto' }, modules);
    this.#host = new ModelHost(parts.config.inference, {
      ...modules,
      machine: this.#machine,
      store: parts.store,
      onServing: () => {
        this.#chainSide?.noteProfiles(this.listModels());
        // Tickets may have been handed back while nobody had their model.
        if (this.#state === 'running') this.#chainSide?.retake();
      },
    });
    this.#modelRequests = new ModelRequests({ host: this.#host, logger: parts.logger });
  }

  /**
   * Takes the locks, which {@link AtomaNode.stop} lets go.
   * @throws AtomaError `already_running`, `lock_unavailable`; `model_unsupported`, `model_not_known` for a model
   * of which the name alone says that it cannot be run.
   */
  static async create(
    config: Config,
    options: NodeOptions,
    modules: { readonly logger: Logger },
  ): Promise<AtomaNode> {
    const { cacheDir, apiKey, models } = config.inference;
    const store = new ModelStore({ cacheDir, apiKey }, { logger: modules.logger });
    for (const model of models) store.check(model);
    const locks = config.chain === undefined ? [] : takeLocks(config.chain, options.lockDir);
    return new AtomaNode({ config, options, logger: modules.logger, store, locks });
  }

  /** Where RPC listens; undefined before {@link AtomaNode.listen}. */
  get url(): string | undefined {
    return this.#rpc?.url;
  }

  /**
   * Opens RPC, which answers `/readyz` with 503 until {@link AtomaNode.start} is through.
   * @throws AtomaError `port_in_use`, and what else {@link RpcServer.start} throws.
   */
  async listen(): Promise<string> {
    const { rpc, jrpcPort: port } = this.#config.inference;
    const { insecure } = this.#options;
    this.#rpc = await RpcServer.start({ ...rpc, port, insecure }, { node: this, logger: this.#logger });
    return this.#rpc.url;
  }

  /**
   * Opens the journal, connects to the chain and brings the models to their devices. With the first of them it begins
   * to serve, and to take tickets, which wait for models that are still on their way: downloads may take hours, in
   * which RPC says how far they are. A model that fails leaves the others serving. Resolves when each model serves
   * or has failed; tickets that are sent to the chain after that are certain to be seen.
   * @throws AtomaError of the first part that cannot start, or of the models where none of them serves; call
   * `stop` then.
   */
  start(options: StartOptions): Promise<void> {
    this.#connecting = this.#connect();
    this.#starting = this.#start(options);
    return this.#starting;
  }

  async #start({ onProgress, onFatal }: StartOptions): Promise<void> {
    const modules = { host: this.#host, logger: this.#logger, onProgress };
    const loading = loadConfigured(this.#config.inference.models, modules);
    this.#taking = this.#take(Promise.race([this.#host.serving, loading]), onFatal);
    await Promise.all([this.#taking, loading]);
  }

  /** Takes work once the first model serves. */
  async #take(serving: Promise<void>, onFatal: FatalHandler): Promise<void> {
    await Promise.all([this.#connecting, serving]);
    if (this.#state !== 'starting') return;
    this.#state = 'running';
    this.#chainSide?.noteProfiles(this.listModels());
    await this.#chainSide?.start(onFatal);
  }

  async #connect(): Promise<void> {
    const { chain } = this.#config;
    if (chain === undefined) return this.#logger.info('no chain is configured: serving RPC only');
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

  /**
   * Takes nothing more, gives what runs `graceMs` to end, hands back to the journal what did not, then ends
   * every part; a device that does not answer does not hold this up.
   */
  async stop(graceMs: number): Promise<void> {
    const isStarting = this.#state === 'starting';
    this.#state = 'stopping';
    this.#stopping.abort();
    if (isStarting) await this.#host.stop();
    await Promise.allSettled([this.#taking, this.#connecting]);
    await this.#chainSide?.stopIntake();
    const within = (ms: number, work: Promise<unknown>): Promise<unknown> =>
      Promise.race([work, delay(ms, undefined, { ref: false })]);
    const tickets = this.#chainSide?.drain(graceMs) ?? Promise.resolve();
    await Promise.all([within(graceMs + CANCEL_MS, tickets), within(graceMs, this.#requests.settled())]);
    this.#scheduler.stop();
    await this.#rpc?.stop();
    await this.#host.stop();
    await Promise.allSettled([this.#starting]);
    await tickets;
    await this.#chainSide?.close();
    if (this.#config.inference.flushStorage) await flushModels(this.#store, this.#logger);
    await this.#store.close();
    await this.#telemetry.stop();
    for (const lock of this.#locks) lock.release();
  }

  async generate(request: GenerateRequest, options: GenerateOptions): Promise<GenerateResult> {
    checkPromptParams(request.params);
    if (this.#state !== 'running') throw new AtomaError('not_ready', this.readiness().reasons.join('; '));
    return this.#requests.generate(request, options);
  }

  async loadModel(request: LoadModelRequest): Promise<LoadModelResult> {
    if (this.#state === 'stopping') throw new AtomaError('not_ready', 'the node is stopping');
    return this.#modelRequests.load(request);
  }

  unloadModel(request: UnloadModelRequest): Promise<UnloadModelResult> {
    return this.#modelRequests.unload(request);
  }

  renderChat(chat: ChatRequest): string {
    return renderChatOf(chat, this.listModels());
  }

  getTicket(id: string): Ticket | undefined {
    return this.#journal()?.get(id);
  }

  getEvidence(ticketId: string): ReturnType<NodeApi['getEvidence']> {
    return collectEvidence(ticketId, this.#config.chain?.client, this.#journal());
  }

  listTickets(query: Parameters<NodeApi['listTickets']>[0]): readonly Ticket[] {
    return this.#journal()?.list(query) ?? [];
  }

  listDisputes(query: Parameters<NodeApi['listDisputes']>[0]): readonly Dispute[] {
    return this.#journal()?.disputes.list(query) ?? [];
  }

  listModels(): readonly ModelInfo[] {
    return this.#host.models;
  }

  subscribe(target: StreamTarget, fromIndex: number, listener: StreamListener): () => void {
    return this.#streams.subscribe(target, fromIndex, listener);
  }

  readiness(): Readiness {
    const isStarting = this.#state === 'starting';
    const reasons = modelReasons(this.#host, isStarting);
    if (this.#state === 'stopping') reasons.push('the node is stopping');
    else if (this.#chainSide !== undefined) reasons.push(...this.#chainSide.reasons());
    else if (this.#config.chain !== undefined) {
      reasons.push(`the chain is not connected yet${this.#unreachable}`);
    }
    const isReady = reasons.length === 0 && this.#state === 'running';
    return { ready: isReady, reasons, warnings: modelWarnings(this.#host, isStarting) };
  }

  nodeInfo(): NodeInfo {
    return nodeInfoOf({
      config: this.#config,
      chainSide: this.#chainSide,
      machine: this.#machine,
      host: this.#host,
      scheduler: this.#scheduler,
      uptimeMs: performance.now() - this.#startedAt,
    });
  }

  /** @throws AtomaError `not_ready` where the journal is still to be opened: nothing is known of tickets yet. */
  #journal(): Journal | undefined {
    if (this.#chainSide === undefined && this.#config.chain !== undefined) {
      throw new AtomaError('not_ready', 'the node is starting and has not opened its journal yet');
    }
    return this.#chainSide?.journal;
  }
}
