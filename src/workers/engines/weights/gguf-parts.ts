import { weightsProblem } from './weights-problem.js';

/**
 * The files of a split model, named as llama.cpp's gguf-split names them.
 * @throws AtomaError `model_load_failed` where another part than the first is given.
 */
export function partsOf(file: string): readonly string[] {
  const match = /^(.*)-(\d{5})-of-(\d{5})\.gguf$/.exec(file);
  if (match === null) return [file];
  const [, stem = '', part = '', count = ''] = match;
  if (Number(part) !== 1) {
    throw weightsProblem(file, `is part ${Number(part)} of a split model`, 'name its first part');
  }
  return Array.from(
    { length: Number(count) },
    (_, index) => `${stem}-${String(index + 1).padStart(5, '0')}-of-${count}.gguf`,
  );
}
