import type { LlamaContext, LlamaContextSequence, LlamaModel } from 'node-llama-cpp';
import pLimit from 'p-limit';
import { AtomaError, messageOf, type PromptParams } from '../../core/index.js';
import type { LogitSource } from '../determinism/logit-source.js';
import { llamaBatchSize, pieceSizeFor } from '../pool-defaults.js';
import type { EngineInfo, WorkerSpec } from '../protocol.js';
import { complete, type Run } from './completion-loop.js';
import type { Engine, EngineCompletion, GenerationControl, RunMode } from './engine.js';
import { LlamaEmbeddings } from './llama/llama-embeddings.js';
import { llamaExtras } from './llama/llama-extras.js';
import { LlamaLogits } from './llama/llama-logits.js';
import { toToken, vocabularyOf } from './llama/llama-tokens.js';
import { describeWeights, type LoadedLlama } from './llama/loaded-llama.js';
import { scoredTokens } from './llama/scored-tokens.js';
import { separateBatches } from './llama/separate-batches.js';
import { type PromptVocabulary, promptInput } from './prompt-input.js';
import { llamaSampling, samplingChoice } from './sampling/choice.js';
import { LlamaTokenText } from './tokens/llama-token-text.js';
import { weightsProblem } from './weights/weights-problem.js';

/** A GGUF model on llama.cpp: one context whose sequences are decoded in shared batches. */
export class LlamaEngine implements Engine {
  readonly info: EngineInfo;
  readonly generates = true;
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
  readonly #embeddings: LlamaEmbeddings;

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
    this.#embeddings = new LlamaEmbeddings(parts.model, parts.info, this.#vocabulary);
  }

  /** Opens the context of a model that was loaded. */
  static async open(loaded: LoadedLlama, spec: WorkerSpec): Promise<LlamaEngine> {
    const { model, file, contextSize } = loaded;
    const flashAttention = spec.useFlashAttention && model.flashAttentionSupported;
    const pieceSize = pieceSizeFor(spec.batchSize, contextSize);
    const shape: ContextShape = { contextSize, threads: spec.threads, flashAttention };
    const batches: Batches = { pieceSize, isMixed: spec.batching === 'mixed' };
    const batchSize = llamaBatchSize(spec.batchSize, contextSize, spec.sequences);
    const context = await openContext(model, { ...shape, sequences: spec.sequences, batchSize }, batches);
    const info: EngineInfo = {
      ...(await describeWeights(loaded, pieceSize)),
      // llama.cpp rounds a context up to 256 tokens; what does not fit has to be the same on every backend.
      contextSize: Math.min(contextSize, context.contextSize),
      batchSize: context.batchSize,
      threads: context.currentThreads,
      flashAttention,
      flashAttentionRefusal:
        spec.useFlashAttention && !flashAttention
          ? "the model's architecture has none in llama.cpp"
          : undefined,
    };
    return new LlamaEngine({ info, model, context, file, shape, batches });
  }

  async generate(
    params: PromptParams,
    control: GenerationControl,
    { expected, reproducible, extras }: RunMode = {},
  ): Promise<EngineCompletion> {
    const startedAt = performance.now();
    if (extras?.embed === true) return this.#embeddings.embed(params, control);
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
    let tokens = this.#embeddings.evaluated;
    for (const { tokenMeter } of this.#sequences) {
      tokens += tokenMeter.usedInputTokens + tokenMeter.usedOutputTokens;
    }
    return tokens;
  }

  async dispose(): Promise<void> {
    await this.#embeddings.dispose();
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
