import type { WeightsFormat } from '../core/index.js';
import type { ModelFile, Selection, Wish } from './model-file.js';
import { selectGguf } from './select-gguf.js';
import { selectOnnx } from './select-onnx.js';

/** Chooses a model's files among those that there are. */
export function select<File extends ModelFile>(
  format: WeightsFormat,
  files: readonly File[],
  wish: Wish,
): Selection<File> {
  const sorted = [...files].sort((one, other) => (one.path < other.path ? -1 : 1));
  return format === 'gguf' ? selectGguf(sorted, wish) : selectOnnx(sorted, wish);
}
