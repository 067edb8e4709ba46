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
