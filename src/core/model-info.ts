import type { Backend, ModelSource } from './model.js';
import type { NumericProfile } from './profile.js';

/** Facts about a loaded model, as its engine reports them. */
export interface ModelInfo {
  /** The name prompts use. */
  readonly name: string;
  /** The weights' file. */
  readonly file: string;
  /** undefined for a local path. */
  readonly source: ModelSource | undefined;
  /** Device labels that hold it. */
  readonly device: string;
  readonly backend: Backend;
  /** Why this backend was taken, as the end of a sentence: `no GPU was found`. */
  readonly backendReason: string;
  readonly description: string;
  readonly parameters: number;
  readonly fileBytes: number;
  readonly contextSize: number;
  readonly trainedContextSize: number;
  readonly workers: number;
  readonly sequencesPerWorker: number;
  readonly threads: number;
  readonly batchSize: number;
  readonly flashAttention: boolean;
  /** Why it is off though the configuration asks for it, as the end of a sentence. */
  readonly flashAttentionRefusal?: string | undefined;
  /** `cuda`, `vulkan`, `metal`, or `none`. */
  readonly gpu: string;
  /** Numbers of this model on this device. */
  readonly profile: NumericProfile;
  /** What the verdict in it rests on, as the end of a sentence. */
  readonly verdictReason: string;
  /** What it was to need with all of its workers, on its GPU or in RAM, by the plan made before it was loaded. */
  readonly memoryBytes?: number;
  /** undefined where it takes raw prompts only. */
  readonly chatTemplate?: ChatTemplate | undefined;
  /** Length of its embeddings, where it can make them. */
  readonly embeddingSize?: number | undefined;
}

/** How a model wants a chat written, as its weights say. */
export interface ChatTemplate {
  /** Jinja, in the dialect of Hugging Face's tokenizers. */
  readonly source: string;
  /** Text of the token that begins a sequence; empty where there is none. */
  readonly bosText: string;
  readonly eosText: string;
}
