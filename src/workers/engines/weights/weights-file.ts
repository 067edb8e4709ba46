import { open, stat } from 'node:fs/promises';
import { systemCode, weightsProblem } from './weights-problem.js';

/** Enough to tell formats apart: a page's beginning, a pointer's first line. */
const HEAD_BYTES = 512;

/** A file that is there, can be read and is not empty. */
export interface WeightsFile {
  readonly size: number;
  /** Its first bytes. */
  readonly head: Buffer;
}

/**
 * Opens a file of weights to see that it is one.
 * @param file absolute path
 * @throws AtomaError `model_load_failed` where it is missing, empty, a folder, or must not be read.
 */
export async function openWeights(file: string): Promise<WeightsFile> {
  try {
    const about = await stat(file);
    if (about.isDirectory()) throw weightsProblem(file, 'is a folder', 'name the file in it');
    if (about.size === 0) throw weightsProblem(file, 'is empty (0 bytes)', 'delete it and download it again');
    return { size: about.size, head: await readHead(file) };
  } catch (error) {
    throw asProblem(file, error);
  }
}

/**
 * What a file really is that is not of the format it should be, as the end of a sentence about it.
 * @param wanted the format, with its article: `a GGUF file`
 */
export function notTheFormat(head: Buffer, wanted: string): string {
  const text = head.toString('latin1').trimStart().toLowerCase();
  const found = KINDS.find(({ start }) => text.startsWith(start));
  return found === undefined
    ? `is not ${wanted}: it begins with ${head.subarray(0, 8).toString('hex')}`
    : `is ${found.kind}, not ${wanted}`;
}

const KINDS: readonly { readonly start: string; readonly kind: string }[] = [
  { start: '<!doctype html', kind: 'an HTML page' },
  { start: '<html', kind: 'an HTML page' },
  { start: 'version https://git-lfs', kind: 'a Git LFS pointer' },
  { start: '{', kind: 'a JSON text' },
  { start: 'gguf', kind: 'a GGUF file' },
  { start: 'pk\u0003\u0004', kind: 'a PyTorch or zip archive' },
];

async function readHead(file: string): Promise<Buffer> {
  const handle = await open(file);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

/** An error of the file system as one that says what to do; any other as it is. */
export function asProblem(file: string, error: unknown): unknown {
  const code = systemCode(error);
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    return weightsProblem(file, 'does not exist', 'download it, or correct its path', error);
  }
  if (code === 'EACCES' || code === 'EPERM') {
    return weightsProblem(
      file,
      'must not be read by this user: permission denied',
      'give the user read permission on the file and on the folders above it',
      error,
    );
  }
  return error;
}
