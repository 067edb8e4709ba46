import type { Logger } from 'pino';
import {
  AtomaError,
  type Backend,
  type Completion,
  checkPromptParams,
  type Job,
  type ModelInfo,
  type ModelWeights,
  type PromptParams,
  type TokenFrame,
} from '../core/index.js';
import type { ModelReference, ModelStore } from '../models/index.js';
import {
  Device,
  type GpuChoice,
  type Hardware,
  inspectHardware,
  type ModelSpec,
  planBackend,
  readChatTemplate,
  renderChat,
  resolveDevice,
} from '../workers/index.js';
import type { ModelProgress } from './model-progress.js';
import { obtainWeights } from './obtain-weights.js';

/** One prompt for one model, without a node around it. */
export interface SingleRunOptions {
  readonly model: ModelReference;
  readonly backend: Backend | 'auto';
  /** As the configuration names it; undefined takes the first GPU, or the CPU where there is none. */
  readonly device: string | undefined;
  readonly gpu: GpuChoice;
  readonly engine: Pick<ModelSpec, 'useFlashAttention' | 'contextSize' | 'batchSize' | 'threads'>;
  /** The prompt is what a user says in a chat, to be written as the model's chat template wants it. */
  readonly chat: boolean;
  /** Of the model named above. */
  readonly params: PromptParams;
  /** See {@link Job.expected}. */
  readonly expected?: readonly number[];
}

/** Who follows a run. */
export interface SingleRunModules {
  readonly store: ModelStore;
  readonly logger: Logger;
  /** Ends the run, which then throws, and its process. */
  readonly signal: AbortSignal;
  readonly onWarning: (sentence: string) => void;
  readonly onProgress: (progress: ModelProgress) => void;
  /** Before the first token. */
  readonly onLoaded: (model: ModelInfo) => void;
  readonly onTokens: (frame: TokenFrame) => void;
}

export interface SingleRunResult {
  readonly completion: Completion;
  readonly model: ModelInfo;
}

/** A prompt has one sequence, and nobody to wait for: a process that dies is not started again. */
const ONE_WORKER = { workers: 1, sequences: 1 } as const;
const ONE_LIFE = { quarantineDeaths: 1, expectedWorkers: 1 } as const;

/**
 * Runs a prompt in a device process of its own, which is gone when this settles; weights are downloaded where
 * they are not here yet.
 * @throws AtomaError `invalid_params`, `prompt_too_long`, `model_*`, `hub_*`, `device_not_found`,
 * `backend_unavailable`, `chat_template_missing`, `chat_template_failed`, `device_died`, `cancelled`
 */
export async function runOnce(
  options: SingleRunOptions,
  modules: SingleRunModules,
): Promise<SingleRunResult> {
  checkPromptParams(options.params);
  const { spec, device } = await prepare(options, modules);
  const params = { ...options.params, prompt: await promptOf(options, spec.weights) };
  const stop = (): void => void device.stop();
  modules.signal.throwIfAborted();
  modules.signal.addEventListener('abort', stop, { once: true });
  try {
    device.start(() => undefined);
    const place = { stage: 'load', model: spec.name, device: device.id } as const;
    const model = await device.load(spec, (_, fraction) => modules.onProgress({ ...place, fraction }));
    modules.onLoaded(model);
    const { signal, onTokens } = modules;
    const { expected } = options;
    const job: Job = { id: 'prompt', params, reproducible: true, ...(expected && { expected }) };
    return { model, completion: await device.run(job, { signal, onTokens }) };
  } finally {
    modules.signal.removeEventListener('abort', stop);
    await device.stop();
  }
}

/** Everything up to the process: device, backend, weights. */
async function prepare(
  options: SingleRunOptions,
  { store, logger, signal, onWarning, onProgress }: SingleRunModules,
): Promise<{ readonly spec: ModelSpec; readonly device: Device }> {
  const { model, gpu, backend } = options;
  store.check(model);
  const hardware = await inspectHardware(gpu);
  signal.throwIfAborted();
  const resolved = resolveDevice(options.device ?? bestDevice(hardware), hardware, gpu);
  if (resolved.warning !== undefined) onWarning(resolved.warning);
  const { device } = resolved;
  const plan = planBackend(backend, resolved, hardware);
  const { weights, source } = await obtainWeights(store, model, plan, {
    signal,
    onProgress: (progress) => onProgress({ stage: 'download', model: model.name, ...progress }),
  });
  const choice = plan.backendOf(weights.format);
  return {
    spec: {
      name: model.name,
      weights,
      source,
      backend: choice.backend,
      backendReason: choice.reason,
      ...options.engine,
      ...ONE_WORKER,
    },
    device: new Device({ device, gpu: resolved.gpu, visible: resolved.visible }, ONE_LIFE, { logger }),
  };
}

function bestDevice({ gpu, gpus }: Hardware): string {
  return gpu === false ? 'cpu' : String(gpus[0]?.index ?? 'cpu');
}

async function promptOf({ chat, params, model }: SingleRunOptions, weights: ModelWeights): Promise<string> {
  if (!chat) return params.prompt;
  const template = await readChatTemplate(weights);
  if (template !== undefined) return renderChat(template, [{ role: 'user', content: params.prompt }]);
  throw new AtomaError(
    'chat_template_missing',
    `${model.name} has no chat template: it takes raw prompts; leave --chat out`,
    { fields: { model: model.name } },
  );
}
