import { homedir } from 'node:os';
import { basename, isAbsolute, resolve } from 'node:path';

/** `~` expanded; a relative path starts from `folder`. */
export function absolutePath(path: string, folder: string): string {
  if (path === '~') return homedir();
  if (path.startsWith('~/')) return resolve(homedir(), path.slice(2));
  return resolve(folder, path);
}

/**
 * Whether a `model_type` names a place on this machine rather than a model or a repository: it starts with
 * `/`, `./`, `../` or `~/`, or ends in `.gguf` and is no file of a repository (`owner/name:file`).
 */
export function isLocalModel(modelType: string): boolean {
  if (isAbsolute(modelType) || /^(\.{1,2}|~)([/\\]|$)/.test(modelType)) return true;
  return /\.gguf$/i.test(modelType) && !/^[\w.-]+\/[\w.-]+:/.test(modelType);
}

/** A `model_type` with its path absolute, where it names one; a relative path starts from `folder`. */
export function absoluteModelType(modelType: string, folder: string): string {
  return isLocalModel(modelType) ? absolutePath(modelType, folder) : modelType;
}

/** What a model in a local file or folder is called: the last part of its path, without `.gguf`. */
export function localModelName(path: string): string {
  return basename(path).replace(/\.gguf$/i, '');
}
