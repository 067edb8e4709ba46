import { isAbsolute } from 'node:path';
import { closest, distance } from 'fastest-levenshtein';
import { AtomaError, type WeightsFormat } from '../core/index.js';
import type { ModelReference } from './reference.js';
import { SHORT_NAMES, type ShortName } from './short-names.js';

/** `owner/name` of a hub, with a file of it after a colon; neither part starts with a dot. */
const REPOSITORY = /^([\w-][\w.-]*\/[\w-][\w.-]*)(?::(.+))?$/;

/** Longest name of an owner or a repository on the hub, in characters. */
const MAX_REPO_CHARACTERS = 96 * 2 + 1;

/** Where a model's weights are to be looked for. */
export type ModelTarget =
  | { readonly kind: 'local'; readonly path: string }
  | {
      readonly kind: 'hub';
      /** The repository of each format; a format without one is not to be had. */
      readonly repos: Readonly<Partial<Record<WeightsFormat, string>>>;
      /** The one file that was named, by its path in the repository. */
      readonly file: string | undefined;
      /** Stands in the path of the file that is meant. */
      readonly hint: string | undefined;
      /** Whether it was named by a short name of the network. */
      readonly short: boolean;
    };

/**
 * What a model's name stands for.
 * @throws AtomaError `model_unsupported` for a modality that cannot be run; `model_not_known` for a name
 * that is no short name, no repository and no path, or has no weights that we know of.
 */
export function targetOf({ name, modelType }: Pick<ModelReference, 'name' | 'modelType'>): ModelTarget {
  if (isAbsolute(modelType)) return { kind: 'local', path: modelType };
  const known = Object.hasOwn(SHORT_NAMES, modelType) ? SHORT_NAMES[modelType] : undefined;
  if (known !== undefined) return targetOfShort(name, modelType, known);
  const [, repo, file] = REPOSITORY.exec(modelType) ?? [];
  if (repo === undefined || repo.length > MAX_REPO_CHARACTERS || (file !== undefined && !isSafePath(file))) {
    throw notKnown(name, modelType);
  }
  return { kind: 'hub', repos: { gguf: repo, onnx: repo }, file, hint: undefined, short: false };
}

/** Whether a path leads to a file below the folder that it starts from, and nowhere else. */
export function isSafePath(path: string): boolean {
  return (
    path.length <= MAX_PATH_CHARACTERS &&
    !/[\\\0]/.test(path) &&
    // A colon opens a drive or an alternate stream there.
    !(process.platform === 'win32' && path.includes(':')) &&
    path.split('/').every((part) => part !== '' && part !== '.' && part !== '..')
  );
}

/** PATH_MAX of Linux leaves room for the cache's own folder. */
const MAX_PATH_CHARACTERS = 1024;

function targetOfShort(name: string, modelType: string, known: ShortName): ModelTarget {
  const { gguf, onnx, file, source, modality } = known;
  if (modality === 'image') {
    throw new AtomaError(
      'model_unsupported',
      `model ${name}: ${modelType} is ${source}, and image models cannot be run yet; take it out of the configuration`,
      { fields: { modelType, modality } },
    );
  }
  if (gguf === undefined && onnx === undefined) {
    throw new AtomaError(
      'model_not_known',
      `model ${name}: ${modelType} stands for ${source}, of which no GGUF or ONNX weights are known; ${howToName(modelType)}`,
      { fields: { modelType, source } },
    );
  }
  const repos = { ...(gguf !== undefined && { gguf }), ...(onnx !== undefined && { onnx }) };
  return { kind: 'hub', repos, file: undefined, hint: file, short: true };
}

/** How to give a short name other weights: prompts go on using the short name. */
export function howToName(shortName: string): string {
  return `name a repository that has them with model_type = "owner/repo" and keep name = "${shortName}" in the form [[models]]`;
}

function notKnown(name: string, modelType: string): AtomaError {
  const near = closest(modelType.toLowerCase(), Object.keys(SHORT_NAMES));
  // Beyond half of its letters a name is another word, not a misspelling.
  const meant = distance(modelType.toLowerCase(), near) <= modelType.length / 2 ? ` (is it ${near}?)` : '';
  return new AtomaError(
    'model_not_known',
    `model ${name}: ${JSON.stringify(modelType)} is no short name of the network${meant}, no repository "owner/name" or "owner/name:file" of the hub and no path, which starts with /, ./, ../ or ~/`,
    { fields: { modelType, ...(meant !== '' && { nearest: near }) } },
  );
}
