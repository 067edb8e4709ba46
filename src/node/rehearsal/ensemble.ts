import type { Logger } from 'pino';
import type { InferenceConfig } from '../../config/index.js';
import { AtomaError, type ModelInfo } from '../../core/index.js';
import { ModelStore } from '../../models/index.js';
import { Scheduler } from '../../scheduler/index.js';
import type { GpuChoice } from '../../workers/index.js';
import { ChainSide, type ChainSideOptions } from '../chain-side.js';
import { Machine } from '../hardware.js';
import { ModelHost } from '../model-host.js';
import type { ModelProgress } from '../model-progress.js';
import { loadConfigured } from '../model-start.js';
import { schedulerOptions } from '../scheduler-options.js';
import { TokenStreams } from '../token-streams.js';

export interface EnsembleOptions {
  /** Its models are loaded once, with its pool, for all members. RPC and `flush_storage` have no meaning here. */
  readonly inference: InferenceConfig;
  readonly gpu: GpuChoice;
}

interface Modules {
  /** Of what the nodes share. */
  readonly logger: Logger;
  readonly nodeLogger: Logger;
  /** Ends what waits for the chain, and loading. */
  readonly signal: AbortSignal;
  /** Called once where a member can follow the chain no longer. */
  readonly onFatal: (error: unknown) => void;
}

/** One node of an ensemble. */
export interface Member {
  /** For its log lines. */
  readonly name: string;
  readonly config: ChainSideOptions['config'];
  readonly alterAnswer?: ChainSideOptions['alterAnswer'];
}

/**
 * Several nodes in one process that share one set of loaded models: each with a badge, wallet, journal and chain
 * connection of its own, and each running every ticket for itself, so that one ticket takes several places in the
 * same batches.
 */
export class Ensemble {
  readonly #options: EnsembleOptions;
  readonly #modules: Modules;
  readonly #store: ModelStore;
  readonly #scheduler: Scheduler;
  readonly #host: ModelHost;
  readonly #sides: ChainSide[] = [];

  /** @throws AtomaError `model_unsupported`, `model_not_known` where a model's name alone says that it cannot run */
  constructor(options: EnsembleOptions, modules: Modules) {
    const { logger } = modules;
    const { cacheDir, apiKey, models } = options.inference;
    this.#options = options;
    this.#modules = modules;
    this.#store = new ModelStore({ cacheDir, apiKey }, { logger });
    for (const model of models) this.#store.check(model);
    // Nobody but tickets asks for sequences here: none are held back for them.
    this.#scheduler = new Scheduler(schedulerOptions({ inference: options.inference, chain: undefined }), {});
    const scheduler = this.#scheduler;
    const machine = new Machine({ choice: options.gpu }, { logger });
    const onServing = (): void => undefined;
    this.#host = new ModelHost(options.inference, {
      scheduler,
      logger,
      machine,
      store: this.#store,
      onServing,
    });
  }

  /**
   * Downloads and loads the models. A device that cannot load its model is left out, and told of in the log.
   * @returns one entry a model and device
   * @throws AtomaError why none could be loaded; `cancelled` when `signal` aborts
   */
  async load(onProgress: (progress: ModelProgress) => void): Promise<readonly ModelInfo[]> {
    const { logger, signal } = this.#modules;
    const giveUp = (): void => void this.#host.stop();
    signal.addEventListener('abort', giveUp, { once: true });
    try {
      await loadConfigured(this.#options.inference.models, { host: this.#host, logger, onProgress });
      if (signal.aborted) throw new AtomaError('cancelled', 'stopped while the models were loaded');
      return this.#host.models;
    } finally {
      signal.removeEventListener('abort', giveUp);
    }
  }

  /** How many tickets of a model run at once, over all devices. */
  capacity(model: string): number {
    const { devices } = this.#host;
    return devices.reduce(
      (sum, device) => sum + (device.exclusiveCapacity(model) ?? device.capacity(model)),
      0,
    );
  }

  /**
   * Lets one more node join. Resolves when it follows the chain, so that it misses no ticket sent after that.
   * @throws AtomaError what {@link ChainSide.open} throws
   */
  async join({ name, config, alterAnswer }: Member): Promise<ChainSide> {
    const { nodeLogger, signal, onFatal } = this.#modules;
    const logger = nodeLogger.child({ node: name });
    const side = await ChainSide.open(
      { config, acceptGap: false, alterAnswer },
      {
        scheduler: this.#scheduler,
        streams: new TokenStreams(),
        logger,
        signal,
        onUnreachable: () => undefined,
      },
    );
    this.#sides.push(side);
    await side.start(onFatal);
    return side;
  }

  /** Ends every node and every device; what runs is cancelled. */
  async stop(): Promise<void> {
    await Promise.all(this.#sides.map((side) => side.stopIntake()));
    const drained = Promise.all(this.#sides.map((side) => side.drain(0)));
    this.#scheduler.stop();
    await this.#host.stop();
    await drained;
    await Promise.all(this.#sides.map((side) => side.close()));
    await this.#store.close();
  }
}
