/** What runs a model: llama.cpp on a GPU or on the CPU; ONNX Runtime, native on the CPU or as WebAssembly. */
export type Backend = 'llama' | 'onnx' | 'wasm';

/** What a model's numbers are kept in: a GGUF file is for llama.cpp, an ONNX graph for ONNX Runtime. */
export type WeightsFormat = 'gguf' | 'onnx';

/** Weights that lie on this machine's disk, whole. Paths are absolute. */
export type ModelWeights =
  | {
      readonly format: 'gguf';
      /** The GGUF file, of a split one the first part. */
      readonly file: string;
      /** Of all parts. */
      readonly bytes: number;
    }
  | {
      readonly format: 'onnx';
      /** Holds `config.json` and the tokenizer. */
      readonly folder: string;
      /** The graph, below `folder`: `onnx/model.onnx`. */
      readonly file: string;
      /** With its external data. */
      readonly bytes: number;
    };

/** Where weights came from, for those that came from a hub. */
export interface ModelSource {
  /** `owner/name`. */
  readonly repo: string;
  /** Branch, tag or commit that was asked for. */
  readonly revision: string;
  /** The commit that the revision stood for, 40 hexadecimal digits. */
  readonly commit: string;
}

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
  /** What it was to need with all of its workers, on its GPU or in RAM, by the plan made before it was loaded. */
  readonly memoryBytes?: number;
}
