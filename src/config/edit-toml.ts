import { isDeepStrictEqual } from 'node:util';
import TOML from '@iarna/toml';
import { KeyLines, type KeyPath } from './key-lines.js';
import { valueAt } from './toml-document.js';

/** A line of a file before and after an edit. */
export interface LineChange {
  /** 1-based, in the edited file. */
  readonly line: number;
  /** undefined where the line is new. */
  readonly before: string | undefined;
  readonly after: string;
}

/** A source with one value changed. */
interface Edited {
  readonly source: string;
  /** undefined where the value was there already. */
  readonly change: LineChange | undefined;
}

/**
 * Sets one key of a TOML source and leaves every other byte as it is: comments, order, blanks and line ends. A key
 * that is missing comes after the last one of its table, indented like that one.
 * @param literal the value as TOML has it
 * @returns undefined where the source has no place for the key that this finds (a table within a line, say), or
 * where anything else than the key would change
 */
export function setTomlValue(source: string, path: KeyPath, literal: string): Edited | undefined {
  const lines = new KeyLines(source);
  const span = lines.valueOf(path);
  const edited =
    span === undefined
      ? insert(source, path, literal, lines.endOf(path.slice(0, -1)))
      : replace(source, span, literal);
  return edited !== undefined && changesOnly(source, edited.source, path, literal) ? edited : undefined;
}

function replace(
  source: string,
  { start, end }: { readonly start: number; readonly end: number },
  literal: string,
): Edited {
  const edited = source.slice(0, start) + literal + source.slice(end);
  const [before, after] = [lineAround(source, start), lineAround(edited, start)];
  const change = { line: lineNumber(edited, start), before, after };
  return { source: edited, change: edited === source ? undefined : change };
}

/** @param end after the last entry of the table */
function insert(source: string, path: KeyPath, literal: string, end: number | undefined): Edited | undefined {
  if (end === undefined) return undefined;
  const lineEnd = source.indexOf('\n', end);
  const eol = source.includes('\r\n') ? '\r\n' : '\n';
  const line = `${indentOf(source, end)}${path.at(-1)} = ${literal}`;
  const edited =
    lineEnd === -1
      ? `${source}${eol}${line}`
      : `${source.slice(0, lineEnd + 1)}${line}${eol}${source.slice(lineEnd + 1)}`;
  const at = lineEnd === -1 ? edited.length : lineEnd + 1;
  return { source: edited, change: { line: lineNumber(edited, at), before: undefined, after: line } };
}

function indentOf(source: string, at: number): string {
  const start = source.lastIndexOf('\n', at - 1) + 1;
  return /^[ \t]*/.exec(source.slice(start))?.[0] ?? '';
}

function lineAround(source: string, at: number): string {
  const start = source.lastIndexOf('\n', at - 1) + 1;
  const end = source.indexOf('\n', at);
  return source.slice(start, end === -1 ? undefined : end).replace(/\r$/, '');
}

function lineNumber(source: string, at: number): number {
  return source.slice(0, at).split('\n').length;
}

/** Whether two sources parse to the same but for one key, which has the value of `literal`. */
function changesOnly(before: string, after: string, path: KeyPath, literal: string): boolean {
  try {
    const [old, now] = [TOML.parse(before), TOML.parse(after)];
    const wanted: unknown = TOML.parse(`value = ${literal}`)['value'];
    const key = path.at(-1);
    const parent = valueAt(old, path.slice(0, -1));
    if (typeof parent !== 'object' || parent === null || key === undefined) return false;
    Reflect.set(parent, key, wanted);
    return isDeepStrictEqual(old, now);
  } catch {
    return false;
  }
}
