import { stat } from 'node:fs/promises';
import { dirname, isAbsolute, join, normalize } from 'node:path';
import type { ModelWeights } from '../../../core/index.js';
import { type JsonObject, readJson } from './onnx-folder.js';
import { type OnnxGraph, readOnnxGraph } from './onnx-graph.js';
import { ProtobufError } from './protobuf-file.js';
import { asProblem, notTheFormat, openWeights } from './weights-file.js';
import { weightsProblem } from './weights-problem.js';

export type OnnxWeights = Extract<ModelWeights, { format: 'onnx' }>;

/** What an ONNX model's files say of it. */
export interface OnnxModelFiles {
  /** `config.json`. */
  readonly config: JsonObject;
  /** `generation_config.json`; empty where there is none. */
  readonly generation: JsonObject;
  /** `tokenizer.json`. */
  readonly tokenizer: JsonObject;
  readonly graph: OnnxGraph;
}

/** A text of these is no graph, though protobuf takes almost any bytes for one. */
const TEXT_STARTS = ['<', '{', 'version https://git-lfs', 'GGUF'];
const DOWNLOAD_AGAIN = 'delete it and download it again';
const CHOOSE_ANOTHER = 'choose an ONNX export of a model that generates text, with its key/value cache';

/**
 * Refuses an ONNX model that ONNX Runtime would fail on with what is wrong with it. The graph's structure is
 * read, its weights are not, so size does not matter.
 * @throws AtomaError `model_load_failed`, with `file`, `found` and `remedy` in its fields.
 */
export async function checkOnnx(weights: OnnxWeights): Promise<OnnxModelFiles> {
  const { folder } = weights;
  await checkFolder(folder);
  const file = join(folder, weights.file);
  const graph = await checkGraph(file);
  const config = await required(folder, 'config.json');
  checkConfig(join(folder, 'config.json'), config);
  checkCache(file, graph);
  // Read by the library, which does not do without it.
  await required(folder, 'tokenizer_config.json');
  return {
    graph,
    config,
    tokenizer: await required(folder, 'tokenizer.json'),
    generation: (await readOptional(folder, 'generation_config.json')) ?? {},
  };
}

/**
 * Where a graph's numbers lie, of those that lie beside it: paths relative to the graph, as it names them.
 * @throws AtomaError `model_load_failed` where it names a file outside of its folder.
 */
export function externalFiles(file: string, graph: OnnxGraph): readonly string[] {
  const locations = [...graph.external.keys()];
  const outside = locations.find((at) => isAbsolute(at) || normalize(at).startsWith('..'));
  if (outside === undefined) return locations;
  throw weightsProblem(
    file,
    `wants numbers from ${outside}, outside of its folder`,
    'do not trust this model',
  );
}

async function checkFolder(folder: string): Promise<void> {
  try {
    const about = await stat(folder);
    if (!about.isDirectory()) {
      throw weightsProblem(folder, 'is a file, not the folder of an ONNX model', 'name its folder');
    }
  } catch (error) {
    throw asProblem(folder, error);
  }
}

async function checkGraph(file: string): Promise<OnnxGraph> {
  const { head } = await openWeights(file);
  const text = head.toString('latin1').trimStart();
  if (TEXT_STARTS.some((start) => text.startsWith(start))) {
    throw weightsProblem(file, notTheFormat(head, 'an ONNX graph'), DOWNLOAD_AGAIN);
  }
  try {
    const graph = readOnnxGraph(file);
    await checkExternal(file, graph);
    return graph;
  } catch (error) {
    if (!(error instanceof ProtobufError)) throw error;
    throw weightsProblem(file, error.message, DOWNLOAD_AGAIN, error);
  }
}

async function checkExternal(file: string, graph: OnnxGraph): Promise<void> {
  for (const location of externalFiles(file, graph)) {
    const path = join(dirname(file), location);
    const { size } = await openWeights(path);
    const needed = graph.external.get(location) ?? 0;
    if (size >= needed) continue;
    throw weightsProblem(path, `is cut off: it has ${size} of at least ${needed} bytes`, DOWNLOAD_AGAIN);
  }
}

function checkConfig(file: string, config: JsonObject): void {
  if (config['is_encoder_decoder'] !== true) return;
  throw weightsProblem(file, 'describes an encoder with a decoder, which is not run here', CHOOSE_ANOTHER);
}

function checkCache(file: string, { inputs, outputs }: OnnxGraph): void {
  const generates = inputs.includes('input_ids') && outputs.includes('logits');
  if (generates && inputs.some((name) => name.startsWith('past'))) return;
  const found = generates ? 'keeps no key/value cache' : 'does not generate text (an encoder?)';
  throw weightsProblem(file, `${found}: its inputs are ${inputs.join(', ')}`, CHOOSE_ANOTHER);
}

async function required(folder: string, name: string): Promise<JsonObject> {
  const read = await readOptional(folder, name);
  if (read !== undefined) return read;
  throw weightsProblem(folder, `holds no ${name}`, 'download the whole model, not its graph alone');
}

async function readOptional(folder: string, name: string): Promise<JsonObject | undefined> {
  try {
    return await readJson(folder, name);
  } catch (error) {
    if (error instanceof SyntaxError) {
      throw weightsProblem(join(folder, name), 'is not JSON', DOWNLOAD_AGAIN, error);
    }
    throw asProblem(join(folder, name), error);
  }
}
