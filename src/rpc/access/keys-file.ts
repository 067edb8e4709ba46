import { readFile, stat } from 'node:fs/promises';
import { AtomaError, messageOf } from '../../core/index.js';
import { type ApiKey, KeysSchema } from './api-key.js';

/** Problems of a file told at once. */
const MAX_PROBLEMS = 5;
/** Permission bits of a file by which others than its owner read and write it. */
const OTHERS_READ = 0o044;
const OTHERS_WRITE = 0o022;

interface KeysFile {
  readonly keys: readonly ApiKey[];
  /** Others than its owner can read it: nothing in it opens the node, but whose it is is nobody's business. */
  readonly isReadByOthers: boolean;
}

/**
 * The keys of a file; undefined where there is none.
 * @throws AtomaError `keys_file_unreadable`, `keys_file_invalid` (its message says where), `keys_file_exposed`
 * where others could write a key of their own into it
 */
export async function readKeysFile(path: string): Promise<KeysFile | undefined> {
  const read = await readWithMode(path);
  if (read === undefined) return undefined;
  // Windows has no such bits.
  const mode = process.platform === 'win32' ? 0 : read.mode;
  if ((mode & OTHERS_WRITE) !== 0) {
    const message = `${path}: other users of this machine can write into it (mode ${octal(mode)}), and so make keys of their own: run \`chmod 600 ${path}\`, and look through the keys in it`;
    throw new AtomaError('keys_file_exposed', message, { fields: { path } });
  }
  return { keys: parseKeys(read.text, path), isReadByOthers: (mode & OTHERS_READ) !== 0 };
}

/** The text of a file with these keys. */
export function formatKeys(keys: readonly ApiKey[]): string {
  return `${JSON.stringify({ keys }, null, 2)}\n`;
}

/** @throws AtomaError `keys_file_invalid` */
export function parseKeys(text: string, path: string): readonly ApiKey[] {
  const result = KeysSchema.safeParse(parseJson(text, path));
  if (result.success) return result.data.keys;
  const problems = result.error.issues.map((issue) => `${placeOf(issue.path)}: ${issue.message}`);
  throw invalid(path, problems.slice(0, MAX_PROBLEMS).join('; '));
}

async function readWithMode(path: string): Promise<{ text: string; mode: number } | undefined> {
  try {
    const { mode } = await stat(path);
    return { text: await readFile(path, 'utf8'), mode };
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined;
    const message = `the keys file ${path} cannot be read: ${messageOf(cause)}. The user who runs the node must be able to read it.`;
    throw new AtomaError('keys_file_unreadable', message, { fields: { path }, cause });
  }
}

function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw invalid(path, messageOf(error), lineOf(messageOf(error), text));
  }
}

/** The line that a message of `JSON.parse` means: it tells an offset, a piece of the text, or the end. */
function lineOf(message: string, text: string): number | undefined {
  const offset = /at position (\d+)/.exec(message)?.[1];
  const piece = /, (?:\.\.\.)?"(.*?)"(?:\.\.\.)? is not valid JSON/s.exec(message)?.[1];
  const end = message.includes('end of JSON') ? text.trimEnd().length : undefined;
  const at = offset !== undefined ? Number(offset) : piece !== undefined ? text.indexOf(piece) : end;
  return at === undefined || at < 0 ? undefined : text.slice(0, at).split('\n').length;
}

function invalid(path: string, problem: string, line?: number): AtomaError {
  const place = line === undefined ? path : `${path}:${line}`;
  const message = `${place}: the keys file is broken: ${problem}. Mend it or take the file back from a copy; \`keys add\` and \`keys revoke\` are the way to change it.`;
  return new AtomaError('keys_file_invalid', message, { fields: { path, line } });
}

function placeOf(path: readonly PropertyKey[]): string {
  const text = path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`)).join('');
  return text === '' ? 'the whole' : text.replace(/^\./, '');
}

function octal(mode: number): string {
  return (mode & 0o777).toString(8).padStart(3, '0');
}
