import { stat } from 'node:fs/promises';
import {
  getLlama,
  type Llama,
  type LlamaContext,
  type LlamaContextSequence,
  LlamaLogLevel,
  type LlamaModel,
  type Token,
} from 'node-llama-cpp';
import {
  AtomaError,
  type Completion,
  checkPromptParams,
  type FinishReason,
  messageOf,
  type PromptParams,
} from '../../core/index.js';
import { batchSizeFor, contextSizeFor } from '../context-defaults.js';
import type { EngineInfo, WorkerSpec } from '../protocol.js';
import type { Engine, GenerationControl } from './engine.js';
import { samplerOptions } from './sampling.js';
import { TextAssembler, TokenText } from './token-text.js';

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
  readonly #model: LlamaModel;
  readonly #context: LlamaContext;
  readonly #sequences: readonly LlamaContextSequence[];
  readonly #free: LlamaContextSequence[];
  readonly #text: TokenText;
  readonly #vocabularySize: number;

  private constructor(parts: {
    info: EngineInfo;
    model: LlamaModel;
    context: LlamaContext;
    sequences: readonly LlamaContextSequence[];
    file: string;
  }) {
    this.info = parts.info;
    this.#model = parts.model;
    this.#context = parts.context;
    this.#sequences = parts.sequences;
    this.#free = [...parts.sequences];
    this.#text = new TokenText(parts.model, parts.file);
    let size = 0;
    for (const _ of parts.model.iterateAllTokens()) size++;
    this.#vocabularySize = size;
  }

  /**
   * @param onProgress fraction of the weights loaded, 0 to 1
   * @throws AtomaError `model_load_failed` naming the file.
   */
  static async load(spec: WorkerSpec, onProgress: (fraction: number) => void): Promise<LlamaEngine> {
    const file = spec.weights.file;
    try {
      const llama = await loadBinding(spec.gpu);
      const { size: fileBytes } = await stat(file);
      const model = await llama.loadModel({
        modelPath: file,
        gpuLayers: spec.gpu === false ? 0 : 'max',
        onLoadProgress: onProgress,
      });
      const contextSize = contextSizeFor(spec.contextSize, model.trainContextSize);
      const context = await model.createContext({
        sequences: spec.sequences,
        contextSize,
        batchSize: batchSizeFor(spec.batchSize, contextSize, spec.sequences),
        threads: spec.threads,
        flashAttention: spec.useFlashAttention,
      });
      const sequences = Array.from({ length: spec.sequences }, () => context.getSequence());
      const info: EngineInfo = {
        description: model.typeDescription,
        parameters: model.fileInsights.totalParameters,
        fileBytes,
        contextSize: context.contextSize,
        trainedContextSize: model.trainContextSize,
        batchSize: context.batchSize,
        threads: context.currentThreads,
        flashAttention: context.flashAttention !== false,
        gpu: llama.gpu === false ? 'none' : llama.gpu,
      };
      return new LlamaEngine({ info, model, context, sequences, file });
    } catch (error) {
      throw new AtomaError('model_load_failed', `cannot load ${file}: ${messageOf(error)}`, {
        fields: { file },
        cause: error,
      });
    }
  }

  async generate(params: PromptParams, control: GenerationControl): Promise<Completion> {
    const startedAt = performance.now();
    checkPromptParams(params);
    const input = this.#tokenize(params);
    const room = this.#context.contextSize - input.length;
    if (room < 1) {
      throw new AtomaError(
        'prompt_too_long',
        `the prompt has ${input.length} tokens, the context holds ${this.#context.contextSize} and needs room for an answer`,
        { fields: { promptTokens: input.length, contextSize: this.#context.contextSize } },
      );
    }
    const sequence = this.#free.pop();
    if (sequence === undefined) throw new AtomaError('engine_failed', 'no sequence of the context is free');
    try {
      return await this.#decode(sequence, params, input, room, control, startedAt);
    } catch (error) {
      if (error instanceof AtomaError) throw error;
      throw new AtomaError('engine_failed', `llama.cpp: ${messageOf(error)}`, { cause: error });
    } finally {
      // Emptied here, so that the next prompt starts as the first one did.
      await sequence.clearHistory();
      this.#free.push(sequence);
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
    await this.#context.dispose();
    await this.#model.dispose();
  }

  async #decode(
    sequence: LlamaContextSequence,
    params: PromptParams,
    input: Token[],
    room: number,
    control: GenerationControl,
    startedAt: number,
  ): Promise<Completion> {
    const limit = params.maxTokens < BigInt(room) ? Number(params.maxTokens) : room;
    const history = input.slice();
    const tokens: Token[] = [];
    const assembler = new TextAssembler();
    let text = '';
    let firstAt = 0;
    let finishReason: FinishReason = params.maxTokens > BigInt(room) ? 'context' : 'length';
    if (limit > 0) {
      finishReason = 'stop';
      for await (const token of sequence.evaluate(
        input,
        samplerOptions(params, history, this.#context.contextSize),
      )) {
        if (firstAt === 0) firstAt = performance.now();
        if (control.isCancelled()) throw new AtomaError('cancelled', 'the job was cancelled');
        history.push(token);
        const index = tokens.push(token) - 1;
        const known = this.#text.piece(token);
        const written = assembler.push(known instanceof Promise ? await known : known);
        text += written;
        control.onToken(index, token, written);
        if (tokens.length >= limit) {
          finishReason = params.maxTokens > BigInt(room) ? 'context' : 'length';
          break;
        }
      }
    }
    const endedAt = performance.now();
    if (firstAt === 0) firstAt = endedAt;
    const rest = assembler.end();
    text += rest;
    if (rest !== '') control.onToken(tokens.length, undefined, rest);
    return {
      text,
      tokens,
      inputTokens: input.length,
      finishReason,
      timings: { prefillMs: firstAt - startedAt, decodeMs: endedAt - firstAt },
    };
  }

  /**
   * `pre_prompt_tokens`, then the prompt; a BOS token goes before all where the tokenizer adds one and the
   * tokens given do not start with it. Special tokens spelled out in the prompt count as such, since chat
   * clients put their template there.
   */
  #tokenize(params: PromptParams): Token[] {
    const unknown = params.prePromptTokens.find((token) => token >= this.#vocabularySize);
    if (unknown !== undefined) {
      const problem = `pre_prompt_tokens holds ${unknown}, wanted token ids below ${this.#vocabularySize}`;
      throw new AtomaError('invalid_params', problem, { fields: { problems: [problem] } });
    }
    const tokens = params.prePromptTokens.map((token) => token as Token);
    if (params.prompt !== '') tokens.push(...this.#model.tokenize(params.prompt, true));
    const { bos, shouldPrependBosToken } = this.#model.tokens;
    if (shouldPrependBosToken && bos !== null && tokens[0] !== bos) tokens.unshift(bos);
    return tokens;
  }
}
