import { type FileHandle, open } from 'node:fs/promises';
import { AtomaError, messageOf } from '../core/index.js';

/** A configuration is a few kB; what is larger is the wrong file (weights, a log), not worth parsing. */
const MAX_FILE_BYTES = 1024 * 1024;

const SYSTEM_ERRORS: Readonly<Record<string, string>> = {
  ENOENT: 'found no such file, wanted a TOML file that exists',
  ENOTDIR: 'found a file where the path wants a directory, wanted a TOML file that exists',
  EISDIR: 'found a directory, wanted a TOML file',
  EACCES: 'found a file that may not be read, wanted read permission for the user who runs the node',
  EPERM: 'found a file that may not be read, wanted read permission for the user who runs the node',
  ELOOP: 'found a loop of symbolic links, wanted a TOML file',
};

/**
 * The text of a configuration file.
 * @throws AtomaError `unreadable_file` whose message says what was found and wanted; `fields.line` where a
 * line is to blame.
 */
export async function readSourceFile(path: string): Promise<string> {
  const bytes = await readBounded(path);
  if (bytes.every((byte) => byte === 0x20 || (byte >= 0x09 && byte <= 0x0d))) {
    throw unreadable('found an empty file, wanted a TOML file');
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw invalidUtf8(bytes);
  }
}

async function readBounded(path: string): Promise<Uint8Array> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(path, 'r');
    const stat = await handle.stat();
    if (stat.isDirectory()) throw unreadable(SYSTEM_ERRORS['EISDIR'] ?? '');
    if (stat.size > MAX_FILE_BYTES) throw tooLarge(`a file of ${stat.size} bytes`);
    return await readAtMost(handle, MAX_FILE_BYTES);
  } catch (error) {
    if (error instanceof AtomaError) throw error;
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    throw unreadable(SYSTEM_ERRORS[code] ?? `cannot be read: ${messageOf(error)}`);
  } finally {
    await handle?.close();
  }
}

/** Reads to the end: a pipe has no size to look at beforehand. */
async function readAtMost(handle: FileHandle, limit: number): Promise<Uint8Array> {
  const buffer = new Uint8Array(limit + 1);
  let filled = 0;
  while (filled < buffer.length) {
    const { bytesRead } = await handle.read(buffer, filled, buffer.length - filled, null);
    if (bytesRead === 0) return buffer.subarray(0, filled);
    filled += bytesRead;
  }
  throw tooLarge(`more than ${limit} bytes`);
}

/** The decoder does not say where it stopped: the first U+FFFD that the file does not spell out is the place. */
function invalidUtf8(bytes: Uint8Array): AtomaError {
  if ((bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff)) {
    return unreadable('found UTF-16 (invalid UTF-8 at byte 0), wanted UTF-8: save the file as UTF-8', 1);
  }
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
  let from = 0;
  let offset = 0;
  for (;;) {
    const next = text.indexOf('\uFFFD', from);
    offset += Buffer.byteLength(text.slice(from, next));
    const spelledOut = bytes[offset] === 0xef && bytes[offset + 1] === 0xbf && bytes[offset + 2] === 0xbd;
    if (!spelledOut) return invalidByte(bytes[offset] ?? 0, offset, text.slice(0, next));
    from = next + 1;
    offset += 3;
  }
}

function invalidByte(byte: number, offset: number, before: string): AtomaError {
  const hex = byte.toString(16).padStart(2, '0');
  const line = before.split('\n').length;
  return unreadable(
    `found invalid UTF-8 at byte ${offset} (0x${hex}), wanted UTF-8: save the file as UTF-8`,
    line,
  );
}

function tooLarge(found: string): AtomaError {
  return unreadable(`found ${found}, wanted a TOML file of at most ${MAX_FILE_BYTES} bytes`);
}

function unreadable(message: string, line?: number): AtomaError {
  return new AtomaError('unreadable_file', message, { fields: { line } });
}
