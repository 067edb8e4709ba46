import { stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { AtomaError, messageOf, type PromptParams, type RequestExtras } from '../../core/index.js';
import type { LogitSource } from '../determinism/logit-source.js';
import { contextSizeFor, onnxBatchSize } from '../pool-defaults.js';
import type { EngineInfo, EngineNumerics, WorkerSpec } from '../protocol.js';
import { complete } from './completion-loop.js';
import type { Engine, EngineCompletion, GenerationControl, RunMode } from './engine.js';
import type { ScoredToken } from './expected-tokens.js';
import { CausalModel, KeyValueCache } from './onnx/causal-model.js';
import { loadLibrary, type OnnxBackend } from './onnx/library.js';
import { OnnxLogits } from './onnx/onnx-logits.js';
import { promptInput } from './prompt-input.js';
import { type AnswerBias, answerBias } from './sampling/answer-bias.js';
import { samplingChoice } from './sampling/choice.js';
import { Sampler } from './sampling/sampler.js';
import { cpuName, packageVersion } from './surroundings.js';
import { OnnxTokenizer } from './tokens/onnx-tokenizer.js';
import { checkOnnx, externalFiles, type OnnxModelFiles, type OnnxWeights } from './weights/onnx-check.js';
import { readOnnxShape } from './weights/onnx-shape.js';
import { toLoadFailure, weightsProblem } from './weights/weights-problem.js';

/** WebAssembly addresses 4 GiB, for weights and for all that is computed from them, and Node reads files of 2. */
const WASM_LIMIT_BYTES = 2 * 1024 ** 3;

/** An ONNX model on ONNX Runtime: one session, and for each sequence a cache of its own. */
export class TransformersEngine implements Engine {
  readonly info: EngineInfo;
  readonly sharesBatches = false;
  readonly #model: CausalModel;
  readonly #tokenizer: OnnxTokenizer;
  /** How many prompts may run at once. */
  #places: number;
  #running = 0;
  #evaluated = 0;

  private constructor(info: EngineInfo, model: CausalModel, tokenizer: OnnxTokenizer, sequences: number) {
    this.info = info;
    this.#model = model;
    this.#tokenizer = tokenizer;
    this.#places = sequences;
  }

  /**
   * @param onProgress 0 at the start and 1 at the end: the runtime tells nothing between
   * @throws AtomaError `model_load_failed` naming the file.
   */
  static async load(
    spec: WorkerSpec,
    backend: OnnxBackend,
    onProgress: (fraction: number) => void,
  ): Promise<TransformersEngine> {
    const { weights } = spec;
    if (weights.format !== 'onnx') {
      throw weightsProblem(weights.file, 'is no ONNX graph', `run it on llama.cpp, not on ${backend}`);
    }
    try {
      onProgress(0);
      const files = await checkOnnx(weights);
      const info = await describe(spec, backend, weights, files);
      if (backend === 'wasm') checkWasmSize(join(weights.folder, weights.file), info.fileBytes);
      const library = await loadLibrary(backend, spec.threads);
      const tokenizer = new OnnxTokenizer(
        await library.AutoTokenizer.from_pretrained(weights.folder, { local_files_only: true }),
        files,
      );
      const { threads, contextSize } = info;
      const model = await CausalModel.load(library, weights, { backend, threads, contextSize });
      onProgress(1);
      return new TransformersEngine(info, model, tokenizer, spec.sequences);
    } catch (error) {
      throw toLoadFailure(join(weights.folder, weights.file), error);
    }
  }

  async generate(
    params: PromptParams,
    control: GenerationControl,
    { expected, extras }: RunMode = {},
  ): Promise<EngineCompletion> {
    const startedAt = performance.now();
    const { contextSize } = this.info;
    refuseUnsupported(extras);
    const input = promptInput(params, this.#tokenizer, contextSize);
    const bias = answerBias(extras, input.length);
    if (this.#running >= this.#places) throw new AtomaError('engine_failed', 'every sequence is taken');
    this.#running++;
    const history = [...input];
    try {
      return await complete(
        { params, control, input, contextSize, expected, extras, startedAt },
        {
          history,
          tokens: () => tokensOf(this.#scored(params, history, control, bias)),
          scored: () => this.#scored(params, history, control, bias),
          piece: (token) => this.#tokenizer.piece(token),
          vocabularySize: this.#tokenizer.size,
        },
      );
    } catch (error) {
      if (error instanceof AtomaError) throw error;
      throw new AtomaError('engine_failed', `ONNX Runtime: ${messageOf(error)}`, { cause: error });
    } finally {
      this.#running--;
    }
  }

  async openLogits(sequences: number, contextSize: number): Promise<LogitSource> {
    const shape = { sequences, contextSize: Math.min(contextSize, this.info.contextSize) };
    const uncancelled = { isCancelled: () => false };
    return new OnnxLogits({ ...shape, vocabulary: this.#tokenizer }, (tokens, cache) =>
      this.#prefill(tokens, cache, uncancelled),
    );
  }

  /** Every sequence is evaluated by itself already: all that there is to give is a place. */
  async openExclusive(): Promise<void> {
    this.#places++;
  }

  progress(): number {
    return this.#evaluated;
  }

  async dispose(): Promise<void> {
    await this.#model.dispose();
  }

  async *#scored(
    params: PromptParams,
    history: readonly number[],
    control: GenerationControl,
    bias: AnswerBias | undefined,
  ): AsyncGenerator<ScoredToken> {
    const cache = new KeyValueCache();
    try {
      let logits = await this.#prefill(history, cache, control);
      const sampler = new Sampler(samplingChoice(params, this.info.contextSize), logits.length, bias);
      while (true) {
        const token = sampler.sample(logits, history);
        const { ends } = this.#tokenizer;
        const isEnd = ends.has(token);
        yield {
          token: isEnd ? undefined : token,
          probability: (asked) => sampler.probability(asked === undefined ? ends : new Set([asked])),
          top: (count) => sampler.top(count),
        };
        if (isEnd) return;
        logits = await this.#evaluate([token], cache);
      }
    } finally {
      cache.clear();
    }
  }

  /** @returns the logits after the prompt's last token */
  async #prefill(
    input: readonly number[],
    cache: KeyValueCache,
    control: Pick<GenerationControl, 'isCancelled'>,
  ): Promise<Float32Array> {
    const { batchSize } = this.info;
    let logits: Float32Array = new Float32Array();
    for (let at = 0; at < input.length; at += batchSize) {
      if (control.isCancelled()) throw new AtomaError('cancelled', 'the job was cancelled');
      logits = await this.#evaluate(input.slice(at, at + batchSize), cache);
    }
    return logits;
  }

  #evaluate(tokens: readonly number[], cache: KeyValueCache): Promise<Float32Array> {
    this.#evaluated += tokens.length;
    return this.#model.forward(tokens, cache);
  }
}

/** @throws AtomaError `grammar_unsupported`, `embeddings_unsupported` */
function refuseUnsupported(extras: RequestExtras | undefined): void {
  if (extras?.grammar !== undefined) {
    const problem = 'this model runs on ONNX Runtime, where answers cannot be held to a grammar';
    throw new AtomaError('grammar_unsupported', `${problem}: run it from a GGUF file`);
  }
  if (extras?.embed === true) {
    const problem = 'this model runs on ONNX Runtime, where it makes no embeddings';
    throw new AtomaError('embeddings_unsupported', `${problem}: run an embedding model from a GGUF file`);
  }
}

/** Without what they were chosen from, which is computed for those who ask. */
async function* tokensOf(scored: AsyncIterable<ScoredToken>): AsyncGenerator<number> {
  for await (const { token } of scored) if (token !== undefined) yield token;
}

function checkWasmSize(file: string, bytes: number): void {
  if (bytes <= WASM_LIMIT_BYTES) return;
  throw weightsProblem(
    file,
    `has ${bytes} bytes of weights, WebAssembly holds ${WASM_LIMIT_BYTES} here`,
    'run it on another backend, or take a smaller quantization',
  );
}

function numericsOf(backend: OnnxBackend, batchSize: number): EngineNumerics {
  const runtime = backend === 'wasm' ? 'onnxruntime-web' : 'onnxruntime-node';
  return {
    engine: `transformers.js ${packageVersion('@xenova/transformers')}`,
    build: `${runtime} ${packageVersion(runtime)} ${process.platform}-${process.arch}`,
    device: cpuName(),
    batchSize,
  };
}

async function describe(
  spec: WorkerSpec,
  backend: OnnxBackend,
  weights: OnnxWeights,
  { config, graph }: OnnxModelFiles,
): Promise<EngineInfo> {
  const file = join(weights.folder, weights.file);
  const files = [file, ...externalFiles(file, graph).map((at) => join(dirname(file), at))];
  const sizes = await Promise.all(files.map(async (path) => (await stat(path)).size));
  const trained = readOnnxShape(config).trainedContextSize;
  const contextSize = contextSizeFor(spec.contextSize, trained);
  return {
    description: `${String(config['model_type'] ?? 'unknown')} ONNX`,
    parameters: graph.parameters,
    fileBytes: sizes.reduce((sum, size) => sum + size, 0),
    contextSize,
    trainedContextSize: trained ?? contextSize,
    batchSize: onnxBatchSize(spec.batchSize, backend),
    threads: spec.threads,
    flashAttention: false,
    flashAttentionRefusal: spec.useFlashAttention ? 'ONNX Runtime has none on the CPU' : undefined,
    gpu: 'none',
    numerics: numericsOf(backend, onnxBatchSize(spec.batchSize, backend)),
  };
}
