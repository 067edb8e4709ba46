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
import { Telemetry } from '../telemetry/index.js';
import type { Journal } from '../tickets/index.js';
import { recalledEnd } from './answer.js';
import { ChainSide } from './chain-side.js';
import { collectEvidence } from './evidence/collect.js';
import { flushModels } from './flush-models.js';
import { takeLocks } from './locks.js';
import { loadConfigured } from './model-start.js';
import { nodeInfoOf } from './node-info.js';
import type { FatalHandler, NodeOptions, StartOptions } from './node-options.js';
import { type NodeState, readinessOf } from './readiness.js';
import { renderChatOf } from './render-chat.js';
import { ServingSide } from './serving-side.js';
import { VERSION } from './version.js';

/** How long what was cancelled at the end of the grace may take to end: a token or two of a large model, ms. */
const CANCEL_MS = 2000;

interface Parts {
  readonly config: Config;
  readonly logger: Logger;
  readonly options: NodeOptions;
  readonly store: ModelStore;
  readonly locks: readonly ProcessLock[];
  readonly telemetry: Telemetry;
}

/** The node: builds its parts in the order written here, and stops them in the reverse one. */
export class AtomaNode implements NodeApi {
  readonly #config: Config;
  readonly #options: NodeOptions;
  readonly #logger: Logger;
  readonly #locks: readonly ProcessLock[];
  readonly #store: ModelStore;
  readonly #telemetry: Telemetry;
  readonly #serving: ServingSide;
  readonly #stopping = new AbortController();
  readonly #startedAt = performance.now();
  #chainSide: ChainSide | undefined;
  /** Why the chain is not connected, before it is. */
  #unreachable: string | undefined;
  #rpc: RpcServer | undefined;
  #connecting: Promise<void> = Promise.resolve();
  #starting: Promise<void> = Promise.resolve();
  #taking: Promise<void> = Promise.resolve();
  #state: NodeState = 'starting';

  private constructor(parts: Parts) {
    this.#config = parts.config;
    this.#options = parts.options;
    this.#logger = parts.logger;
    this.#store = parts.store;
    this.#locks = parts.locks;
    this.#telemetry = parts.telemetry;
    this.#serving = new ServingSide(parts.config, parts.options, {
      store: parts.store,
      observers: this.#telemetry.observers,
      recall: ({ kind, id }) => (kind === 'ticket' ? recalledEnd(this.getTicket(id)) : undefined),
      onServing: () => {
        this.#chainSide?.noteProfiles(this.listModels());
        // Tickets may have been handed back while nobody had their model.
        if (this.#state === 'running') this.#chainSide?.retake();
      },
      logger: parts.logger,
    });
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
    const { tracing } = config.inference;
    const smallId = config.chain?.client.smallId;
    const telemetry = await Telemetry.start({ tracing, version: VERSION, smallId }, modules);
    const locks = config.chain === undefined ? [] : takeLocks(config.chain, options.lockDir);
    return new AtomaNode({ config, options, logger: telemetry.logger, store, locks, telemetry });
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
    this.#rpc = await RpcServer.start(
      { ...rpc, port, insecure },
      {
        node: this,
        calls: this.#telemetry.calls,
        metrics: this.#telemetry.meters.registry,
        logger: this.#logger,
      },
    );
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
    const modules = { host: this.#serving.host, logger: this.#logger, onProgress };
    const loading = loadConfigured(this.#config.inference.models, modules);
    this.#taking = this.#take(Promise.race([this.#serving.host.serving, loading]), onFatal);
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
        scheduler: this.#serving.scheduler,
        streams: this.#serving.streams,
        observer: this.#telemetry,
        logger: this.#logger,
        signal: this.#stopping.signal,
        onUnreachable: (reason) => {
          this.#unreachable = reason;
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
    if (isStarting) await this.#serving.host.stop();
    await Promise.allSettled([this.#taking, this.#connecting]);
    await this.#chainSide?.stopIntake();
    const within = (ms: number, work: Promise<unknown>): Promise<unknown> =>
      Promise.race([work, delay(ms, undefined, { ref: false })]);
    const tickets = this.#chainSide?.drain(graceMs) ?? Promise.resolve();
    await Promise.all([
      within(graceMs + CANCEL_MS, tickets),
      within(graceMs, this.#serving.requests.settled()),
    ]);
    this.#serving.scheduler.stop();
    await this.#rpc?.stop();
    await this.#serving.host.stop();
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
    return this.#serving.requests.generate(request, options);
  }

  async loadModel(request: LoadModelRequest): Promise<LoadModelResult> {
    if (this.#state === 'stopping') throw new AtomaError('not_ready', 'the node is stopping');
    return this.#serving.modelRequests.load(request);
  }

  unloadModel(request: UnloadModelRequest): Promise<UnloadModelResult> {
    return this.#serving.modelRequests.unload(request);
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
    return this.#serving.host.models;
  }

  subscribe(target: StreamTarget, fromIndex: number, listener: StreamListener): () => void {
    return this.#serving.streams.subscribe(target, fromIndex, listener);
  }

  readiness(): Readiness {
    const chain = this.#chainSide ?? (this.#config.chain && { unreachable: this.#unreachable });
    return readinessOf({ state: this.#state, host: this.#serving.host, chain });
  }

  nodeInfo(): NodeInfo {
    return nodeInfoOf({
      config: this.#config,
      chainSide: this.#chainSide,
      serving: this.#serving,
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
