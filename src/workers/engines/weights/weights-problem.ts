import { AtomaError, messageOf } from '../../../core/index.js';

/**
 * Weights that cannot be loaded.
 * @param found what is wrong with the file, as the end of a sentence about it
 * @param remedy what the operator can do, as a sentence without its full stop
 */
export function weightsProblem(file: string, found: string, remedy: string, cause?: unknown): AtomaError {
  return new AtomaError('model_load_failed', `${file} ${found}; ${remedy}`, {
    fields: { file, found, remedy },
    cause,
  });
}

/** Any failure to load as `model_load_failed`; one that says so already is kept. */
export function toLoadFailure(file: string, error: unknown): AtomaError {
  if (error instanceof AtomaError && error.code === 'model_load_failed') return error;
  return new AtomaError('model_load_failed', `cannot load ${file}: ${messageOf(error)}`, {
    fields: { file },
    cause: error,
  });
}

/** The `code` of an error of the file system. */
export function systemCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** Whether an error of the file system says that there is no such file. */
export function isMissing(error: unknown): boolean {
  const code = systemCode(error);
  return code === 'ENOENT' || code === 'ENOTDIR';
}
