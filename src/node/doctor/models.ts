import type { ModelConfig, PoolConfig } from '../../config/index.js';
import { AtomaError, formatBytes, type ModelWeights } from '../../core/index.js';
import type { ModelStore } from '../../models/index.js';
import {
  type BackendPlan,
  type GpuChoice,
  type Hardware,
  inspectModel,
  type MemoryPlan,
  planBackend,
  type ResolvedDevice,
  requireFit,
  resolveDevice,
  sequencesFor,
} from '../../workers/index.js';
import { findWeights } from '../obtain-weights.js';
import { type Check, type Finding, fail, needed, ok, warn } from './check.js';
import { HARDWARE_LIMIT_MS } from './hardware.js';
import { sentencesOf, splitMessage } from './sentences.js';

export interface ModelCheckOptions {
  readonly models: readonly ModelConfig[];
  readonly pool: PoolConfig;
  readonly gpu: GpuChoice;
}

export interface ModelCheckModules {
  readonly store: ModelStore;
  readonly hardware: () => Promise<Hardware>;
  /** Tells whether a node runs with this configuration, and holds the memory of its models. */
  readonly nodeRuns: () => Promise<unknown>;
}

/** One check a model and device: whether the model is known, here, and can be run there. */
export function modelChecks(options: ModelCheckOptions, modules: ModelCheckModules): readonly Check[] {
  return options.models.flatMap((model) =>
    model.devices.map((label) => ({
      area: 'models',
      name: `${model.name} on ${label}`,
      limitMs: HARDWARE_LIMIT_MS,
      remedy: 'correct its entry in models',
      run: (signal) => new ModelOnDevice(model, label, options, modules).judge(signal),
    })),
  );
}

class ModelOnDevice {
  readonly #model: ModelConfig;
  readonly #label: string;
  readonly #options: ModelCheckOptions;
  readonly #modules: ModelCheckModules;

  constructor(model: ModelConfig, label: string, options: ModelCheckOptions, modules: ModelCheckModules) {
    this.#model = model;
    this.#label = label;
    this.#options = options;
    this.#modules = modules;
  }

  /** @throws AtomaError `model_*`, `hub_*`, `device_not_found`, `backend_unavailable`, `not_checked` */
  async judge(signal: AbortSignal): Promise<Finding> {
    const { store, hardware } = this.#modules;
    store.check(this.#model);
    const machine = await needed(hardware(), 'the hardware could not be looked at');
    const device = resolveDevice(this.#label, machine, this.#options.gpu);
    const plan = planBackend(this.#model.backend, device, machine);
    const here = await findWeights(store, this.#model, plan);
    const finding =
      here === undefined
        ? await this.#judgeDownload(plan, signal)
        : await this.#judgeWeights(here.weights, plan, device);
    return withWarning(finding, device.warning);
  }

  async #judgeDownload(plan: BackendPlan, signal: AbortSignal): Promise<Finding> {
    try {
      const bytes = await this.#modules.store.measure(this.#model, plan.formats, signal);
      return ok(`not here yet: ${formatBytes(bytes)} are downloaded at the first start`);
    } catch (error) {
      if (!(error instanceof AtomaError) || !error.code.startsWith('hub_')) throw error;
      return fail(`not here yet: ${error.message}`, 'see to the hub first');
    }
  }

  async #judgeWeights(weights: ModelWeights, plan: BackendPlan, device: ResolvedDevice): Promise<Finding> {
    const { backend, reason } = plan.backendOf(weights.format);
    const found = `${formatBytes(weights.bytes)}, run by ${backend}: ${reason}`;
    const { pool } = this.#options;
    const gpu = backend === 'llama' ? device.gpu : false;
    const { memory, memoryFault } = await inspectModel(weights, {
      gpu,
      contextSize: pool.contextSize,
      sequences: sequencesFor(pool.sequences, gpu !== false),
      // As many as fit are started where the configuration does not say: one has to.
      workers: pool.workers ?? 1,
      env: { ...process.env, ...device.visible },
    });
    if (memory !== undefined) return await this.#judgeFit(found, memory);
    return warn(
      `${found}; the memory that it needs could not be told: ${memoryFault}`,
      'run it with `generate` to see whether it loads',
    );
  }

  async #judgeFit(found: string, memory: MemoryPlan): Promise<Finding> {
    try {
      requireFit(this.#model.name, memory);
    } catch (error) {
      if (!(error instanceof AtomaError)) throw error;
      if ((await this.#modules.nodeRuns().catch(() => undefined)) !== undefined) {
        return warn(`${found}; ${error.message}`, 'nothing, where the node that runs holds that memory');
      }
      const said = sentencesOf(error);
      return fail(`${found}; ${said.found}`, said.remedy ?? 'take a smaller precision');
    }
    const { place, totalBytes, availableBytes, workers } = memory;
    const needs = `${formatBytes(totalBytes)} of ${formatBytes(availableBytes)} that are free`;
    const each = `with ${workers} ${workers === 1 ? 'worker' : 'workers'}`;
    return ok(`${found}; needs ${needs} ${place === 'gpu' ? 'on the GPU' : 'in RAM'} ${each}`);
  }
}

/** What is wrong with the device adds to what was found of the model. */
function withWarning(finding: Finding, warning: string | undefined): Finding {
  if (warning === undefined || finding.status !== 'ok') return finding;
  const said = splitMessage(warning);
  return warn(`${finding.found}; ${said.found}`, said.remedy ?? 'name a device that there is');
}
