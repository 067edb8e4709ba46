import { dirname, resolve } from 'node:path';
import TOML from '@iarna/toml';
import { AtomaError, messageOf } from '../core/index.js';
import { KeyLines, type KeyPath } from './key-lines.js';
import { type ConfigProblem, fileProblem } from './problem.js';
import { readSourceFile } from './source-file.js';

/** An integer that the parser cannot hold: it keeps the low 64 bits, as a signed number, and says nothing. */
export class OverflowedInteger {
  readonly written: bigint;

  constructor(written: bigint) {
    this.written = written;
  }

  /** What the parser made of it. */
  get parsed(): bigint {
    return BigInt.asIntN(64, this.written);
  }
}

/** A file that parsed. */
export interface TomlDocument {
  /** As it was named on the command line. */
  readonly file: string;
  /** Absolute: what relative paths in the file start from. */
  readonly folder: string;
  readonly value: unknown;
  readonly lines: KeyLines;
}

/** Reads and parses a file; what is wrong with it as a whole is added to `problems`. */
export async function readTomlDocument(
  file: string,
  problems: ConfigProblem[],
): Promise<TomlDocument | undefined> {
  try {
    const source = await readSourceFile(file);
    const value = parse(source);
    const lines = new KeyLines(source);
    for (const [path, integer] of lines.integers()) {
      if (BigInt.asIntN(64, integer) !== integer) replaceAt(value, path, new OverflowedInteger(integer));
    }
    return { file, folder: dirname(resolve(file)), value, lines };
  } catch (error) {
    if (!(error instanceof AtomaError)) throw error;
    const { line, column } = error.fields;
    problems.push(fileProblem(file, error.message, optionalNumber(line), optionalNumber(column)));
    return undefined;
  }
}

/** The parser's message shows the lines around the error, which may hold a key: only its first words are kept. */
function parse(source: string): unknown {
  try {
    return TOML.parse(source);
  } catch (error) {
    const reason = messageOf(error).replace(/ at row \d+, col \d+, pos \d+:[\s\S]*$/, '');
    throw new AtomaError('syntax_error', `not TOML: ${reason}`, { fields: placeOf(error, source) });
  }
}

/** The parser counts the characters it took, the offending one included, and one more at the end. */
function placeOf(error: unknown, source: string): { readonly line?: number; readonly column?: number } {
  if (!(error instanceof Error) || !('pos' in error) || typeof error.pos !== 'number') return {};
  const before = source.slice(0, Math.max(0, error.pos - 1));
  const lines = before.split('\n');
  return { line: lines.length, column: (lines.at(-1)?.length ?? 0) + 1 };
}

function replaceAt(root: unknown, path: KeyPath, value: unknown): void {
  const key = path.at(-1);
  const parent = valueAt(root, path.slice(0, -1));
  if (key !== undefined && typeof parent === 'object' && parent !== null && Object.hasOwn(parent, key)) {
    Reflect.set(parent, key, value);
  }
}

/** The value at a path; undefined where there is none. */
export function valueAt(root: unknown, path: readonly PropertyKey[]): unknown {
  let value = root;
  for (const key of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = Reflect.get(value, key);
  }
  return value;
}

function optionalNumber(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}
