import { createHash } from 'node:crypto';
import { access } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { ModelWeights } from '../../core/index.js';
import { partsOf } from '../engines/weights/gguf-parts.js';
import { externalFiles, type OnnxWeights } from '../engines/weights/onnx-check.js';
import { readOnnxGraph } from '../engines/weights/onnx-graph.js';
import { digestOf } from './file-digest.js';

/** Files beside a graph on which its tokens and their end depend. */
const ONNX_SETTINGS = ['config.json', 'generation_config.json', 'tokenizer.json', 'tokenizer_config.json'];

/**
 * sha256 of weights, 64 hexadecimal digits: of a single file that of its bytes, as `sha256sum` has it; of several
 * that of their digests (32 bytes each), in order. Those of ONNX weights are the graph, its external data as the
 * graph names them, then the settings and the tokenizer; of split GGUF weights the parts.
 * @throws Error where a file cannot be read.
 */
export async function digestWeights(weights: ModelWeights): Promise<string> {
  const files = weights.format === 'gguf' ? partsOf(weights.file) : await onnxFiles(weights);
  const digests: string[] = [];
  for (const file of files) digests.push(await digestOf(file));
  const [only, ...others] = digests;
  if (only !== undefined && others.length === 0) return only;
  const hash = createHash('sha256');
  for (const digest of digests) hash.update(digest, 'hex');
  return hash.digest('hex');
}

async function onnxFiles({ folder, file }: OnnxWeights): Promise<readonly string[]> {
  const graph = join(folder, file);
  const data = externalFiles(graph, readOnnxGraph(graph)).map((at) => join(dirname(graph), at));
  const settings = ONNX_SETTINGS.map((name) => join(folder, name));
  const present = await Promise.all(
    settings.map((path) =>
      access(path).then(
        () => [path],
        () => [],
      ),
    ),
  );
  return [graph, ...data, ...present.flat()];
}
