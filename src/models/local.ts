import type { Dirent } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { AtomaError, type ModelWeights, messageOf, type WeightsFormat } from '../core/index.js';
import { isModelFile, type ModelFile, type Selected } from './model-file.js';
import type { ModelReference } from './reference.js';
import { select } from './selection.js';

/**
 * The weights at a path of this machine: a file, or in a folder the one of the precision that was asked for,
 * in the first format that has one.
 * @throws AtomaError `model_not_found` saying what there is.
 */
export async function findLocal(
  { name, precision }: Pick<ModelReference, 'name' | 'precision'>,
  path: string,
  formats: readonly WeightsFormat[],
): Promise<ModelWeights> {
  const found = await stat(path).catch((cause: NodeJS.ErrnoException) => {
    throw notFound(
      name,
      cause.code === 'ENOENT'
        ? `there is no file or folder ${path}`
        : `${path} cannot be read: ${cause.message}`,
    );
  });
  if (found.isFile() && !/\.(gguf|onnx)$/i.test(path) && formats.includes('gguf')) {
    // Other tools keep GGUF files under names without an end; whether it is one is seen when it is loaded.
    return { format: 'gguf', file: path, bytes: found.size };
  }
  const folder = found.isDirectory() ? path : folderOf(path);
  const file = found.isDirectory() ? undefined : path.slice(folder.length + 1).replaceAll('\\', '/');
  return selectIn(folder, { name, precision, file }, formats);
}

async function selectIn(
  folder: string,
  { name, precision, file }: { name: string; precision: string; file: string | undefined },
  formats: readonly WeightsFormat[],
): Promise<ModelWeights> {
  const files = await listFolder(folder).catch((error: unknown) => {
    throw notFound(name, `the folder ${folder} cannot be read: ${messageOf(error)}`);
  });
  const problems: string[] = [];
  for (const format of formats) {
    const selection = select(format, files, { precision, file, hint: undefined });
    if ('selected' in selection) return weightsIn(folder, selection.selected);
    problems.push(selection.problem);
  }
  throw notFound(name, `${folder} ${problems.join(', and ')}`);
}

/** The weights in a folder, of files that were selected there. */
export function weightsIn(folder: string, { format, main, weights }: Selected<ModelFile>): ModelWeights {
  const bytes = weights.reduce((sum, file) => sum + file.bytes, 0);
  return format === 'gguf'
    ? { format, file: join(folder, main.path), bytes }
    : { format, folder, file: main.path, bytes };
}

/** The folder that a model's file is named from: a graph in `onnx/` belongs to the folder above it. */
function folderOf(file: string): string {
  const folder = dirname(file);
  return /\.onnx$/i.test(file) && basename(folder) === 'onnx' ? dirname(folder) : folder;
}

/** A folder's model files and those of the folders in it; deeper ones are another model's. */
async function listFolder(folder: string): Promise<ModelFile[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const inner = await Promise.all(
    entries
      .filter((entry) => entry.isDirectory())
      // A folder in it that this user may not read holds nothing for them.
      .map(async ({ name }) =>
        filesOf(name, await readdir(join(folder, name), { withFileTypes: true }).catch(() => [])),
      ),
  );
  const paths = [...filesOf('', entries), ...inner.flat()].filter(isModelFile);
  const sized = paths.map(async (path) => {
    const found = await stat(join(folder, path)).catch(() => undefined);
    return found?.isFile() ? [{ path, bytes: found.size }] : [];
  });
  return (await Promise.all(sized)).flat();
}

function filesOf(folder: string, entries: readonly Dirent[]): string[] {
  const files = entries.filter((entry) => !entry.isDirectory());
  return files.map(({ name }) => (folder === '' ? name : `${folder}/${name}`));
}

function notFound(name: string, what: string): AtomaError {
  return new AtomaError('model_not_found', `model ${name}: ${what}`);
}
