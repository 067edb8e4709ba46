import type { WeightsFormat } from '../core/index.js';

/** A file of a repository or of a folder, by its path there, with slashes. */
export interface ModelFile {
  readonly path: string;
  readonly bytes: number;
}

/** What is wanted of a repository's files. */
export interface Wish {
  readonly precision: string;
  /** The one file that was named. */
  readonly file: string | undefined;
  /** Stands in the path of the file that is meant. */
  readonly hint: string | undefined;
}

/** The files that a model is made of. */
export interface Selected<File extends ModelFile> {
  readonly format: WeightsFormat;
  /** The weights, of a split file the first part. */
  readonly main: File;
  /** The weights' parts, `main` among them. */
  readonly weights: readonly File[];
  /** All that the model needs, the weights among them. */
  readonly files: readonly File[];
}

/** Files of the format that was wanted, or why there are none, as an end of `the repository …`. */
export type Selection<File extends ModelFile> =
  | { readonly selected: Selected<File> }
  | { readonly problem: string };

/** Paths that an error lists before it breaks off: enough for every precision of a repository. */
const SHOWN_PATHS = 60;

/** Whether a file can be a part of a model that we run: its weights, its tokenizer or its settings. */
export function isModelFile(path: string): boolean {
  return /\.(gguf|onnx|onnx_data(_\d+)?|onnx\.data|json|txt|model|jinja)$/i.test(path);
}

/** Paths for an error, on one line. */
export function listPaths(paths: readonly string[]): string {
  if (paths.length <= SHOWN_PATHS) return paths.join(', ');
  return `${paths.slice(0, SHOWN_PATHS).join(', ')} and ${paths.length - SHOWN_PATHS} more`;
}
