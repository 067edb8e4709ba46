import { posix } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import type { OnnxWeights } from '../weights/onnx-check.js';
import type { Library, OnnxBackend } from './library.js';

type LibraryModel = Awaited<ReturnType<Library['AutoModelForCausalLM']['from_pretrained']>>;
type LibraryTensor = InstanceType<Library['Tensor']>;

/** The keys and values of one sequence's tokens, which each forward pass replaces. */
export class KeyValueCache {
  /** Tokens it holds. */
  length = 0;
  tensors: Record<string, LibraryTensor> | null = null;

  /** Lets go of the tensors, whose memory is not the garbage collector's to see. */
  clear(): void {
    for (const tensor of Object.values(this.tensors ?? {})) tensor.dispose();
    this.tensors = null;
    this.length = 0;
  }
}

export interface CausalModelOptions {
  readonly backend: OnnxBackend;
  readonly threads: number;
  /** No sequence is longer. */
  readonly contextSize: number;
}

/** A decoder's graph in an inference session: tokens in, logits out. */
export class CausalModel {
  readonly #library: Library;
  readonly #model: LibraryModel;
  readonly #blocks: boolean;
  /** The attention mask of the longest sequence; shorter ones are views of it. */
  readonly #mask: BigInt64Array;

  private constructor(library: Library, model: LibraryModel, options: CausalModelOptions) {
    this.#library = library;
    this.#model = model;
    this.#blocks = options.backend === 'wasm';
    this.#mask = new BigInt64Array(options.contextSize).fill(1n);
  }

  /** @throws Error where the runtime or the library does not take the model. */
  static async load(
    library: Library,
    { folder, file }: OnnxWeights,
    options: CausalModelOptions,
  ): Promise<CausalModel> {
    const { dir, name } = posix.parse(file);
    const model = await library.AutoModelForCausalLM.from_pretrained(folder, {
      local_files_only: true,
      subfolder: dir,
      // With the dtype that has no suffix, the file's name is what it is called here.
      model_file_name: name,
      dtype: 'fp32',
      // The runtime finds the files beside the graph by itself.
      use_external_data_format: false,
      device: options.backend === 'wasm' ? 'auto' : 'cpu',
      session_options: { intraOpNumThreads: options.threads, interOpNumThreads: 1 },
    });
    return new CausalModel(library, model, options);
  }

  /**
   * Evaluates the next tokens of a sequence.
   * @returns the logits after the last of them; the caller may change them
   */
  async forward(tokens: readonly number[], cache: KeyValueCache): Promise<Float32Array> {
    const { Tensor } = this.#library;
    const length = cache.length + tokens.length;
    const outputs = await this.#run({
      input_ids: new Tensor('int64', BigInt64Array.from(tokens, BigInt), [1, tokens.length]),
      attention_mask: new Tensor('int64', this.#mask.subarray(0, length), [1, length]),
      num_logits_to_keep: new Tensor('int64', [1n], []),
      past_key_values: cache.tensors,
    });
    cache.tensors = presentAsPast(outputs);
    cache.length = length;
    // WebAssembly runs in this thread: timers and messages have their turn between two passes.
    if (this.#blocks) await turn();
    return lastLogits(outputs['logits']);
  }

  /** Gives the session's memory back. */
  async dispose(): Promise<void> {
    await this.#model.dispose();
  }

  async #run(inputs: object): Promise<Record<string, LibraryTensor>> {
    const outputs: object = await this.#model.forward(inputs);
    return Object.fromEntries(Object.entries(outputs));
  }
}

/** Outputs named `present.…` or `present_kind.…`, under the names that the next pass takes them by. */
function presentAsPast(outputs: Readonly<Record<string, LibraryTensor>>): Record<string, LibraryTensor> {
  const past: Record<string, LibraryTensor> = {};
  for (const [name, tensor] of Object.entries(outputs)) {
    if (!name.startsWith('present')) continue;
    past[name.replace(/^present(_[a-z]+)?/, (_, kind = '_key_values') => `past${kind}`)] = tensor;
  }
  return past;
}

function lastLogits(logits: LibraryTensor | undefined): Float32Array {
  if (logits === undefined) throw new Error('the graph gave no logits');
  const last = logits.dims[1] === 1 ? logits : logits.slice(null, -1, null);
  const { data } = last.to('float32');
  if (!(data instanceof Float32Array)) throw new Error(`logits of the type ${logits.type}`);
  return data;
}
