import type { LlamaModel } from 'node-llama-cpp';
import { AtomaError, type PromptParams } from '../../../core/index.js';
import type { EngineInfo, WorkerSpec } from '../../protocol.js';
import type { Engine, EngineCompletion, GenerationControl, RunMode } from '../engine.js';
import { LlamaEmbeddings } from './llama-embeddings.js';
import { vocabularyOf } from './llama-tokens.js';
import { describeWeights, type LoadedLlama } from './loaded-llama.js';

/** An encoder on llama.cpp: it makes embeddings, and continues no text. */
export class LlamaEmbedder implements Engine {
  readonly info: EngineInfo;
  readonly generates = false;
  readonly sharesBatches = false;
  readonly #model: LlamaModel;
  readonly #embeddings: LlamaEmbeddings;

  private constructor(info: EngineInfo, model: LlamaModel) {
    this.info = info;
    this.#model = model;
    this.#embeddings = new LlamaEmbeddings(model, info, vocabularyOf(model));
  }

  /** Describes a model that was loaded; its context is opened for the first text. */
  static async open(loaded: LoadedLlama, spec: WorkerSpec): Promise<LlamaEmbedder> {
    const { model, contextSize } = loaded;
    const info: EngineInfo = {
      ...(await describeWeights(loaded, contextSize)),
      ...{ contextSize, batchSize: contextSize, threads: spec.threads },
      flashAttention: false,
      flashAttentionRefusal: spec.useFlashAttention ? 'it is not used for embeddings' : undefined,
    };
    return new LlamaEmbedder(info, model);
  }

  async generate(
    params: PromptParams,
    control: GenerationControl,
    { extras }: RunMode = {},
  ): Promise<EngineCompletion> {
    if (extras?.embed === true) return this.#embeddings.embed(params, control);
    const problem = `the model ${params.model} makes embeddings only, and no text: ask for those, or another model`;
    throw new AtomaError('invalid_params', problem, { fields: { problems: [problem] } });
  }

  openLogits(): Promise<never> {
    return Promise.reject(new Error('a model that makes embeddings only has no logits'));
  }

  /** Every text is evaluated by itself already. */
  async openExclusive(): Promise<void> {}

  progress(): number {
    return this.#embeddings.evaluated;
  }

  async dispose(): Promise<void> {
    await this.#embeddings.dispose();
    await this.#model.dispose();
  }
}
