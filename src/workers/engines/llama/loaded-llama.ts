import { getLlama, type Llama, LlamaLogLevel, type LlamaModel } from 'node-llama-cpp';
import { contextSizeFor } from '../../pool-defaults.js';
import type { EngineInfo, EngineNumerics, WorkerSpec } from '../../protocol.js';
import { cpuName, packageVersion } from '../surroundings.js';
import { checkGguf } from '../weights/gguf-check.js';
import { embeddingSizeOf } from '../weights/gguf-embeddings.js';

/** Weights in memory, before there is a context to run them in. */
export interface LoadedLlama {
  readonly llama: Llama;
  readonly model: LlamaModel;
  readonly file: string;
  /** All parts of the file, bytes. */
  readonly fileBytes: number;
  /** Tokens that a sequence is to hold. */
  readonly contextSize: number;
}

/** The llama.cpp binding; `gpu: false` is the CPU alone. Never builds or downloads one. */
export function loadBinding(gpu: WorkerSpec['gpu']): Promise<Llama> {
  return getLlama({
    gpu,
    build: 'never',
    progressLogs: false,
    logLevel: LlamaLogLevel.error,
    // 0: a context uses exactly the threads it was given.
    maxThreads: 0,
  });
}

/** Checks a GGUF file and loads its weights. @throws AtomaError `model_load_failed`, or whatever the library throws. */
export async function loadWeights(
  spec: WorkerSpec,
  onProgress: (fraction: number) => void,
): Promise<LoadedLlama> {
  const { file } = spec.weights;
  const llama = await loadBinding(spec.gpu);
  const fileBytes = await checkGguf(file, llama);
  const model = await llama.loadModel({
    modelPath: file,
    gpuLayers: spec.gpu === false ? 0 : 'max',
    onLoadProgress: onProgress,
  });
  return {
    llama,
    model,
    file,
    fileBytes,
    contextSize: contextSizeFor(spec.contextSize, model.trainContextSize),
  };
}

/** What is known of a model whatever its contexts are. */
export async function describeWeights(
  { llama, model, fileBytes }: LoadedLlama,
  pieceSize: number,
): Promise<
  Pick<
    EngineInfo,
    'description' | 'parameters' | 'fileBytes' | 'trainedContextSize' | 'gpu' | 'embeddingSize' | 'numerics'
  >
> {
  return {
    description: model.typeDescription,
    parameters: model.fileInsights.totalParameters,
    fileBytes,
    trainedContextSize: model.trainContextSize,
    gpu: llama.gpu === false ? 'none' : llama.gpu,
    embeddingSize: embeddingSizeOf(model.fileInfo),
    numerics: await numericsOf(llama, pieceSize),
  };
}

/** The CPU is the device where there is no GPU; its features choose among the kernels that the build has. */
async function numericsOf(llama: Llama, batchSize: number): Promise<EngineNumerics> {
  const { llamaCppRelease, buildType, gpu, systemInfo } = llama;
  const features = Array.from(systemInfo.matchAll(/(\w+) = 1/g), ([, name]) => name);
  const gpus = gpu === false ? [] : await llama.getGpuDeviceNames();
  return {
    engine: `node-llama-cpp ${packageVersion('node-llama-cpp')}`,
    build: `llama.cpp ${llamaCppRelease.release} ${gpu || 'cpu'} ${buildType} (${features.join(' ')})`,
    device: gpus.length === 0 ? cpuName() : gpus.join(' + '),
    batchSize,
  };
}
