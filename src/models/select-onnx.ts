import { listPaths, type ModelFile, type Selection, type Wish } from './model-file.js';
import { normalizedPrecision } from './precision.js';

/** Where transformers.js looks for graphs. */
const GRAPH_FOLDER = 'onnx/';

/** The names that transformers.js gives graphs, by precision; all four-bit ones are one. */
const GRAPHS: Readonly<Record<string, string>> = {
  f32: 'model.onnx',
  f16: 'model_fp16.onnx',
  q8_0: 'model_quantized.onnx',
};
const FOUR_BIT_GRAPH = 'model_q4.onnx';

/** Files beside the graph that a model is read with; which of them a model has depends on its kind. */
const SETTINGS: ReadonlySet<string> = new Set([
  'added_tokens.json',
  'chat_template.jinja',
  'chat_template.json',
  'config.json',
  'generation_config.json',
  'merges.txt',
  'special_tokens_map.json',
  'tokenizer.json',
  'tokenizer.model',
  'tokenizer_config.json',
  'vocab.json',
]);

/** Without these no model can be read. */
export const NEEDED_SETTINGS: readonly string[] = ['config.json', 'tokenizer.json'];

/** Chooses an ONNX graph by precision or by name, with its external data and the model's settings. */
export function selectOnnx<File extends ModelFile>(files: readonly File[], wish: Wish): Selection<File> {
  const graphs = files.filter(({ path }) => /\.onnx$/i.test(path));
  if (graphs.length === 0) return { problem: 'has no ONNX graph' };
  const wanted = wish.file ?? graphOf(wish.precision);
  const main = graphs.find(({ path }) => path === wanted);
  if (main === undefined) {
    const what = wish.file === undefined ? `of precision ${wish.precision}` : `named ${wish.file}`;
    const where = wanted === undefined || wish.file !== undefined ? '' : ` (${wanted})`;
    return {
      problem: `has no ONNX graph ${what}${where}; it has ${listPaths(graphs.map(({ path }) => path))}`,
    };
  }
  const weights = files.filter(({ path }) => path === main.path || isDataOf(main.path, path));
  const settings = files.filter(({ path }) => SETTINGS.has(path));
  return { selected: { format: 'onnx', main, weights, files: [...weights, ...settings] } };
}

function graphOf(precision: string): string | undefined {
  const wanted = normalizedPrecision(precision);
  const graph = /^i?q4/.test(wanted) ? FOUR_BIT_GRAPH : GRAPHS[wanted];
  return graph === undefined ? undefined : `${GRAPH_FOLDER}${graph}`;
}

/** ONNX keeps numbers beyond 2 GB in files of their own, in as many as it takes. */
function isDataOf(graph: string, path: string): boolean {
  return path.startsWith(graph) && /^(_data(_\d+)?|\.data)$/.test(path.slice(graph.length));
}
