import {
  getLlama,
  type Llama,
  type LlamaContext,
  type LlamaContextSequence,
  LlamaLogLevel,
  type LlamaModel,
  type SequenceEvaluateOptions,
  type Token,
} from 'node-llama-cpp';
import pLimit from 'p-limit';
import { AtomaError, messageOf, type PromptParams } from '../../core/index.js';
import type { LogitSource } from '../determinism/logit-source.js';
import { contextSizeFor, llamaBatchSize, pieceSizeFor } from '../pool-defaults.js';
import type { EngineInfo, EngineNumerics, WorkerSpec } from '../protocol.js';
import { complete, type Run } from './completion-loop.js';
import type { Engine, EngineCompletion, GenerationControl, RunMode } from './engine.js';
import type { ScoredToken, TokenProbability } from './expected-tokens.js';
import { llamaExtras } from './llama/llama-extras.js';
import { LlamaLogits } from './llama/llama-logits.js';
import { separateBatches } from './llama/separate-batches.js';
import { type PromptVocabulary, promptInput } from './prompt-input.js';
import { llamaSampling, samplingChoice } from './sampling/choice.js';
import { cpuName, packageVersion } from './surroundings.js';
import { LlamaTokenText } from './tokens/llama-token-text.js';
import { checkGguf } from './weights/gguf-check.js';
import { toLoadFailure, weightsProblem } from './weights/weights-problem.js';

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

/** A GGUF model on llama.cpp: one context whose sequences are decoded in shared batches. */
export class LlamaEngine implements Engine {
  readonly info: EngineInfo;
  readonly sharesBatches = true;
  readonly #model: LlamaModel;
  readonly #file: string;
  readonly #shape: ContextShape;
  readonly #batches: Batches;
  readonly #contexts: LlamaContext[];
  readonly #sequences: LlamaContextSequence[];
  readonly #free: LlamaContextSequence[];
  /** Of a context with nothing else in it; one prompt at a time has it. */
  #exclusive: LlamaContextSequence | undefined;
  readonly #oneByOne = pLimit(1);
  readonly #text: LlamaTokenText;
  readonly #vocabulary: PromptVocabulary;

  private constructor(parts: {
    info: EngineInfo;
    model: LlamaModel;
    context: LlamaContext;
    file: string;
    shape: ContextShape;
    batches: Batches;
  }) {
    const { context } = parts;
    this.info = parts.info;
    this.#model = parts.model;
    this.#file = parts.file;
    this.#shape = parts.shape;
    this.#batches = parts.batches;
    this.#contexts = [context];
    this.#sequences = Array.from({ length: context.totalSequences }, () => context.getSequence());
    this.#free = [...this.#sequences];
    this.#text = new LlamaTokenText(parts.model, parts.file);
    this.#vocabulary = vocabularyOf(parts.model);
  }

  /**
   * @param onProgress fraction of the weights loaded, 0 to 1
   * @throws AtomaError `model_load_failed` naming the file.
   */
  static async load(spec: WorkerSpec, onProgress: (fraction: number) => void): Promise<LlamaEngine> {
    const { file, format } = spec.weights;
    if (format !== 'gguf') throw weightsProblem(file, 'is no GGUF file', 'run it on ONNX Runtime');
    try {
      const llama = await loadBinding(spec.gpu);
      const fileBytes = await checkGguf(file, llama);
      const model = await llama.loadModel({
        modelPath: file,
        gpuLayers: spec.gpu === false ? 0 : 'max',
        onLoadProgress: onProgress,
      });
      const contextSize = contextSizeFor(spec.contextSize, model.trainContextSize);
      const flashAttention = spec.useFlashAttention && model.flashAttentionSupported;
      const pieceSize = pieceSizeFor(spec.batchSize, contextSize);
      const shape: ContextShape = { contextSize, threads: spec.threads, flashAttention };
      const batches: Batches = { pieceSize, isMixed: spec.batching === 'mixed' };
      const batchSize = llamaBatchSize(spec.batchSize, contextSize, spec.sequences);
      const context = await openContext(model, { ...shape, sequences: spec.sequences, batchSize }, batches);
      const info: EngineInfo = {
        description: model.typeDescription,
        parameters: model.fileInsights.totalParameters,
        fileBytes,
        // llama.cpp rounds a context up to 256 tokens; what does not fit has to be the same on every backend.
        contextSize: Math.min(contextSize, context.contextSize),
        trainedContextSize: model.trainContextSize,
        batchSize: context.batchSize,
        threads: context.currentThreads,
        flashAttention,
        flashAttentionRefusal:
          spec.useFlashAttention && !flashAttention
            ? "the model's architecture has none in llama.cpp"
            : undefined,
        gpu: llama.gpu === false ? 'none' : llama.gpu,
        numerics: await numericsOf(llama, pieceSize),
      };
      return new LlamaEngine({ info, model, context, file, shape, batches });
    } catch (error) {
      throw toLoadFailure(file, error);
    }
  }

  async generate(
    params: PromptParams,
    control: GenerationControl,
    { expected, reproducible, extras }: RunMode = {},
  ): Promise<EngineCompletion> {
    const startedAt = performance.now();
    const { contextSize } = this.info;
    const input = promptInput(params, this.#vocabulary, contextSize);
    const run: Run = { params, control, input, contextSize, expected, extras, startedAt };
    const exclusive = reproducible === true ? this.#exclusive : undefined;
    if (exclusive !== undefined) return this.#oneByOne(() => this.#runIn(exclusive, run));
    const sequence = this.#free.pop();
    if (sequence === undefined) throw new AtomaError('engine_failed', 'no sequence of the context is free');
    try {
      return await this.#runIn(sequence, run);
    } finally {
      this.#free.push(sequence);
    }
  }

  async openLogits(sequences: number, contextSize: number): Promise<LogitSource> {
    const shape = { ...this.#shape, contextSize: Math.min(contextSize, this.#shape.contextSize) };
    // A batch holds a piece of a prompt, or a token of each sequence.
    const batchSize = Math.max(this.#batches.pieceSize, sequences);
    const context = await openContext(this.#model, { ...shape, sequences, batchSize }, this.#batches);
    return new LlamaLogits(context, shape.contextSize, this.#vocabulary);
  }

  async openExclusive(): Promise<void> {
    const options = { ...this.#shape, sequences: 1, batchSize: this.#batches.pieceSize };
    try {
      const context = await openContext(this.#model, options, this.#batches);
      this.#contexts.push(context);
      this.#exclusive = context.getSequence();
      this.#sequences.push(this.#exclusive);
    } catch (error) {
      throw weightsProblem(
        this.#file,
        `is not batch-invariant here, and its tickets need a context of their own, for which there is no room: ${messageOf(error)}`,
        'lower pool.context_size, pool.sequences or pool.workers',
        error,
      );
    }
  }

  progress(): number {
    let tokens = 0;
    for (const { tokenMeter } of this.#sequences) {
      tokens += tokenMeter.usedInputTokens + tokenMeter.usedOutputTokens;
    }
    return tokens;
  }

  async dispose(): Promise<void> {
    for (const context of this.#contexts) await context.dispose();
    await this.#model.dispose();
  }

  async #runIn(sequence: LlamaContextSequence, run: Run): Promise<EngineCompletion> {
    try {
      return await this.#decode(sequence, run);
    } catch (error) {
      if (error instanceof AtomaError) throw error;
      throw new AtomaError('engine_failed', `llama.cpp: ${messageOf(error)}`, { cause: error });
    } finally {
      // Emptied here, so that the next prompt starts as the first one did.
      await sequence.clearHistory();
    }
  }

  async #decode(sequence: LlamaContextSequence, run: Run): Promise<EngineCompletion> {
    const input = run.input.map(toToken);
    const history = input.slice();
    const options = {
      ...llamaSampling(samplingChoice(run.params, run.contextSize), history),
      ...(run.extras !== undefined && (await llamaExtras(run.extras, this.#model, history))),
    };
    return complete(run, {
      history,
      tokens: () => sequence.evaluate(input, options),
      scored: () => scoredTokens(sequence, input, options),
      piece: (token) => this.#text.piece(toToken(token)),
      vocabularySize: this.#vocabulary.size,
    });
  }
}

/** What all contexts of a model have in common. */
interface ContextShape {
  readonly contextSize: number;
  readonly threads: number;
  readonly flashAttention: boolean;
}

/** How batches are composed. */
interface Batches {
  /** Tokens of a prompt that are evaluated at once. */
  readonly pieceSize: number;
  readonly isMixed: boolean;
}

function openContext(
  model: LlamaModel,
  options: ContextShape & { readonly sequences: number; readonly batchSize: number },
  { pieceSize, isMixed }: Batches,
): Promise<LlamaContext> {
  const batching = isMixed ? {} : { batching: { itemPrioritizationStrategy: separateBatches(pieceSize) } };
  return model.createContext({ ...options, ...batching });
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

/** As `evaluate`, through the same samplers. */
async function* scoredTokens(
  sequence: LlamaContextSequence,
  input: Token[],
  options: SequenceEvaluateOptions,
): AsyncGenerator<ScoredToken> {
  const { model } = sequence;
  const metadata = { probabilities: true } as const;
  const chosen = sequence.evaluateWithMetadata(input, metadata, { ...options, yieldEogToken: true });
  for await (const { token, probabilities } of chosen) {
    const isEnd = model.isEogToken(token);
    yield {
      token: isEnd ? undefined : token,
      probability: (asked) => {
        if (asked !== undefined) return probabilities.get(toToken(asked)) ?? 0;
        let sum = 0;
        for (const [other, probability] of probabilities) if (model.isEogToken(other)) sum += probability;
        return sum;
      },
      top: (count) => likeliest(probabilities, count),
    };
    if (isEnd) return;
  }
}

/** The library gives them in the order of their probabilities; those that were not to be chosen are 0. */
function likeliest(probabilities: ReadonlyMap<Token, number>, count: number): readonly TokenProbability[] {
  const found: TokenProbability[] = [];
  for (const [token, probability] of probabilities) {
    if (found.length >= count || probability === 0) break;
    found.push({ token, probability });
  }
  return found;
}

/** node-llama-cpp marks the numbers that are tokens; nothing is done to them. */
function toToken(id: number): Token {
  return id as Token;
}

function vocabularyOf(model: LlamaModel): PromptVocabulary {
  const { bos, shouldPrependBosToken } = model.tokens;
  let size = 0;
  for (const _ of model.iterateAllTokens()) size++;
  return {
    size,
    bos: shouldPrependBosToken && bos !== null ? bos : undefined,
    encode: (text) => model.tokenize(text, true),
  };
}
