import type { z } from 'zod';
import { describeFound, placeholderHint } from './found.js';
import type { ConfigProblem } from './problem.js';
import { type TomlDocument, valueAt } from './toml-document.js';

/** A file, or a table of one. */
export interface Section {
  readonly document: TomlDocument;
  /** Where in the document it stands; empty for all of it. */
  readonly path: readonly string[];
}

/** What is written in a section at a path. */
export function rawValue(section: Section, path: readonly PropertyKey[]): unknown {
  return valueAt(section.document.value, [...section.path, ...path]);
}

/** The section as the schema makes it; undefined where problems were added to `problems`. */
export function checkSection<Schema extends z.ZodType>(
  section: Section,
  schema: Schema,
  problems: ConfigProblem[],
): z.output<Schema> | undefined {
  const result = schema.safeParse(rawValue(section, []));
  if (result.success) return result.data;
  for (const issue of result.error.issues) problems.push(...problemsOf(section, issue));
  return undefined;
}

function problemsOf(section: Section, issue: z.core.$ZodIssue): ConfigProblem[] {
  if (issue.code === 'unrecognized_keys') {
    // One line of the message for each key: see `table`.
    const texts = issue.message.split('\n');
    return issue.keys.map((key, index) =>
      keyProblem(section, [...issue.path, key], texts[index] ?? 'unknown key'),
    );
  }
  const value = rawValue(section, issue.path);
  const found = describeFound(value, issue.path);
  return [
    keyProblem(section, issue.path, `found ${found}, wanted ${issue.message}${placeholderHint(value)}`),
  ];
}

/** A problem at a key of a section; a key that is missing is placed at the table it is missing from. */
export function keyProblem(section: Section, path: readonly PropertyKey[], text: string): ConfigProblem {
  const keys = [...section.path, ...path].map((key) => (typeof key === 'number' ? key : String(key)));
  return {
    file: section.document.file,
    line: lineOf(section, path),
    column: undefined,
    key: formatPath(keys),
    text,
  };
}

/** 1-based line of a key, or of the table that it is missing from. */
export function lineOf({ document, path }: Section, key: readonly PropertyKey[]): number | undefined {
  const keys = [...path, ...key].map((part) => (typeof part === 'number' ? part : String(part)));
  return document.lines.lineOf(keys) ?? document.lines.lineOf(keys.slice(0, -1));
}

/** `models[0].device`; keys that are not bare are quoted. */
function formatPath(path: readonly (string | number)[]): string {
  return path.reduce<string>((formatted, key) => {
    if (typeof key === 'number') return `${formatted}[${key}]`;
    const name = /^[\w-]+$/.test(key) ? key : JSON.stringify(key);
    return formatted === '' ? name : `${formatted}.${name}`;
  }, '');
}
