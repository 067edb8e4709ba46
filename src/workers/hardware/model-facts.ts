import { AtomaError, type Backend, type ModelWeights, messageOf } from '../../core/index.js';
import { readChatTemplate } from '../engines/weights/chat-template.js';
import { checkOnnx, type OnnxWeights } from '../engines/weights/onnx-check.js';
import { readOnnxShape } from '../engines/weights/onnx-shape.js';
import { toLoadFailure } from '../engines/weights/weights-problem.js';
import type { GpuBackend } from '../protocol.js';
import { planMemory } from './memory-plan.js';
import type { MemoryPlan } from './planned-model.js';

/** What weights say of themselves, and the memory that they need here. */
export interface ModelFacts {
  /** `llama`, `qwen3`, …; undefined where the weights do not say. */
  readonly architecture: string | undefined;
  /** Of quantised ONNX weights, packed numbers count as they are stored. */
  readonly parameters: number | undefined;
  /** `q4_k_m`, `f16`, …; of ONNX weights what the file's name says, `f32` where it says nothing. */
  readonly quantisation: string | undefined;
  readonly trainedContextSize: number | undefined;
  /** Jinja; undefined for a model that takes raw prompts. */
  readonly chatTemplate: string | undefined;
  readonly license: string | undefined;
  /** undefined where it could not be planned. */
  readonly memory: MemoryPlan | undefined;
  /** Why it could not. */
  readonly memoryFault: string | undefined;
}

export interface InspectModelOptions {
  /** Tokens a sequence; undefined for the default. */
  readonly contextSize?: number | undefined;
  readonly sequences?: number | undefined;
  readonly workers?: number | undefined;
  readonly gpu: GpuBackend | false;
  /** Environment in which the GPU shows: {@link ResolvedDevice.visible} over the node's own. */
  readonly env?: NodeJS.ProcessEnv;
}

/**
 * Reads what weights say of themselves, without loading them.
 * @throws AtomaError `model_load_failed` where a file cannot be read or is no such weights.
 */
export async function inspectModel(weights: ModelWeights, options: InspectModelOptions): Promise<ModelFacts> {
  try {
    // First, since it checks the file in a process of its own: a damaged one can keep a reader busy for ever.
    const memory = await planFor(weights, options);
    const [header, template] = await Promise.all([
      weights.format === 'gguf' ? readGguf(weights.file) : readOnnx(weights),
      readChatTemplate(weights),
    ]);
    return { ...header, chatTemplate: template?.source, ...memory };
  } catch (error) {
    throw toLoadFailure(weights.file, error);
  }
}

type Header = Omit<ModelFacts, 'chatTemplate' | 'memory' | 'memoryFault'>;

async function readGguf(file: string): Promise<Header> {
  // The library's reader is plain JavaScript; no addon is loaded.
  const { GgufFileType, readGgufFileInfo } = await import('node-llama-cpp');
  const info = await readGgufFileInfo(file, { sourceType: 'filesystem', logWarnings: false });
  const { architecture, file_type: type, license } = info.metadata.general;
  const named = type === undefined ? undefined : GgufFileType[type];
  const sizes = info.fullTensorInfo?.map(({ dimensions }) =>
    dimensions.reduce((a: number, b) => a * Number(b), 1),
  );
  return {
    architecture,
    parameters: sizes?.reduce((sum, size) => sum + size, 0),
    quantisation: named?.replace(/^(MOSTLY|ALL)_/, '').toLowerCase(),
    trainedContextSize: info.architectureMetadata.context_length,
    license,
  };
}

async function readOnnx(weights: OnnxWeights): Promise<Header> {
  const { config, graph } = await checkOnnx(weights);
  const type = config['model_type'];
  return {
    architecture: typeof type === 'string' ? type : undefined,
    parameters: graph.parameters,
    quantisation: /_([a-z0-9]+)\.onnx$/.exec(weights.file)?.[1] ?? 'f32',
    trainedContextSize: readOnnxShape(config).trainedContextSize,
    license: undefined,
  };
}

async function planFor(
  weights: ModelWeights,
  { contextSize, sequences = 1, workers = 1, gpu, env = process.env }: InspectModelOptions,
): Promise<Pick<ModelFacts, 'memory' | 'memoryFault'>> {
  const backend: Backend = weights.format === 'gguf' ? 'llama' : 'onnx';
  const model = {
    weights,
    backend,
    gpu,
    sequences,
    contextSize,
    batchSize: undefined,
    useFlashAttention: false,
  };
  try {
    return { memory: await planMemory(model, workers, env), memoryFault: undefined };
  } catch (error) {
    if (error instanceof AtomaError && error.code === 'model_load_failed') throw error;
    return { memory: undefined, memoryFault: messageOf(error) };
  }
}
