import { type LlamaEmbeddingContext, type LlamaModel, LlamaVocabularyType } from 'node-llama-cpp';
import { AtomaError, messageOf, type PromptParams } from '../../../core/index.js';
import type { EngineInfo } from '../../protocol.js';
import type { EngineCompletion, GenerationControl } from '../engine.js';
import { type PromptVocabulary, promptInput, promptTooLong } from '../prompt-input.js';
import { toToken } from './llama-tokens.js';

/** Embeddings of a model that makes them, one text at a time, in a context that is opened for the first one. */
export class LlamaEmbeddings {
  readonly #model: LlamaModel;
  readonly #info: Pick<EngineInfo, 'contextSize' | 'threads' | 'embeddingSize'>;
  readonly #vocabulary: PromptVocabulary;
  #context: Promise<LlamaEmbeddingContext> | undefined;
  #evaluated = 0;

  constructor(
    model: LlamaModel,
    info: Pick<EngineInfo, 'contextSize' | 'threads' | 'embeddingSize'>,
    vocabulary: PromptVocabulary,
  ) {
    this.#model = model;
    this.#info = info;
    this.#vocabulary = vocabulary;
  }

  /** Tokens, see {@link Engine.progress}. */
  get evaluated(): number {
    return this.#evaluated;
  }

  /**
   * The embedding of a prompt, of length 1, as a completion without tokens. Nothing of the params but the prompt counts.
   * @throws AtomaError `embeddings_unsupported`, `prompt_too_long`, `invalid_params`, `cancelled`, `engine_failed`.
   */
  async embed(params: PromptParams, control: GenerationControl): Promise<EngineCompletion> {
    const startedAt = performance.now();
    if (this.#info.embeddingSize === undefined) {
      const problem = `the model ${params.model} makes no embeddings: its file names no pooling type`;
      throw new AtomaError('embeddings_unsupported', problem, { fields: { model: params.model } });
    }
    const input = this.#input(params);
    const vector = await this.#vectorOf(input, control);
    return {
      ...{ text: '', tokens: [], inputTokens: input.length, promptTokens: input },
      finishReason: 'stop',
      timings: { prefillMs: performance.now() - startedAt, decodeMs: 0 },
      embedding: ofLengthOne(vector),
    };
  }

  async dispose(): Promise<void> {
    await (await this.#context?.catch(() => undefined))?.dispose();
  }

  /** With the tokens that begin and end a text, where the tokenizer adds them. */
  #input(params: PromptParams): readonly number[] {
    const { contextSize } = this.#info;
    const input = promptInput(params, this.#vocabulary, contextSize);
    const begin = beginOf(this.#model);
    if (begin !== undefined && input[0] !== begin) input.unshift(begin);
    const end = endOf(this.#model);
    if (end !== undefined && input.at(-1) !== end) input.push(end);
    if (input.length >= contextSize) throw promptTooLong(input.length, contextSize);
    return input;
  }

  async #vectorOf(input: readonly number[], control: GenerationControl): Promise<readonly number[]> {
    try {
      this.#context ??= this.#open();
      const context = await this.#context;
      if (control.isCancelled()) throw new AtomaError('cancelled', 'the job was cancelled');
      const { vector } = await context.getEmbeddingFor(input.map(toToken));
      this.#evaluated += input.length;
      return vector;
    } catch (error) {
      if (error instanceof AtomaError) throw error;
      throw new AtomaError('engine_failed', `llama.cpp: ${messageOf(error)}`, { cause: error });
    }
  }

  async #open(): Promise<LlamaEmbeddingContext> {
    const { contextSize, threads } = this.#info;
    try {
      // An encoder has to see a text as a whole, and so does whatever takes the mean of all tokens.
      return await this.#model.createEmbeddingContext({ contextSize, threads, batchSize: contextSize });
    } catch (error) {
      // The next one may find more memory free.
      this.#context = undefined;
      throw error;
    }
  }
}

/** WordPiece begins with its class token, whatever the file says of a BOS token. */
function beginOf({ tokens, vocabularyType }: LlamaModel): number | undefined {
  return vocabularyType === LlamaVocabularyType.wpm ? (tokens.bos ?? undefined) : undefined;
}

/** As node-llama-cpp's embedding context, and llama.cpp's tokenizers, add it. */
function endOf({ tokens, vocabularyType }: LlamaModel): number | undefined {
  if (vocabularyType === LlamaVocabularyType.wpm) return tokens.sep ?? undefined;
  const hasEnd = vocabularyType === LlamaVocabularyType.ugm || tokens.shouldAppendEosToken;
  return hasEnd && vocabularyType !== LlamaVocabularyType.rwkv ? (tokens.eos ?? undefined) : undefined;
}

/** So that a dot product of two is their cosine. */
function ofLengthOne(vector: readonly number[]): readonly number[] {
  const length = Math.hypot(...vector);
  return length === 0 ? vector : vector.map((value) => value / length);
}
