import { grammarUnsupported } from './grammar-refusal.js';
import type { SchemaObject } from './json-schema.js';

/** llama.cpp unrolls repetitions, and refuses more than 2000 of them. */
const MAX_COUNT = 1000;

/**
 * The value of a keyword that has to be a list.
 * @throws AtomaError `grammar_unsupported`
 */
export function listAt(schema: SchemaObject, keyword: string, path: string): readonly unknown[] {
  const value = schema[keyword];
  if (!Array.isArray(value)) throw grammarUnsupported(keyword, path, 'is no list');
  return value;
}

/** A list of texts; empty where it is not there. @throws AtomaError `grammar_unsupported` */
export function namesAt(schema: SchemaObject, keyword: string, path: string): readonly string[] {
  if (schema[keyword] === undefined) return [];
  return listAt(schema, keyword, path).map((name) => {
    if (typeof name !== 'string') throw grammarUnsupported(keyword, path, 'is no list of texts');
    return name;
  });
}

/** @throws AtomaError `grammar_unsupported` where it is there and no number. */
export function numberAt(schema: SchemaObject, keyword: string, path: string): number | undefined {
  const value = schema[keyword];
  if (value === undefined || (typeof value === 'number' && Number.isFinite(value))) return value;
  throw grammarUnsupported(keyword, path, 'is no number');
}

const COUNTS = ['minLength', 'maxLength', 'minItems', 'maxItems', 'minProperties', 'maxProperties'];

/** The bounds of all counts of a schema together; what is no count is refused where it is read. */
export function boundsOf(schema: SchemaObject): number {
  return COUNTS.reduce((sum, keyword) => {
    const bound = schema[keyword];
    return sum + (typeof bound === 'number' ? Math.min(Math.max(bound, 0), MAX_COUNT) : 0);
  }, 0);
}

/**
 * The bounds of a count; `max` is infinite where there is none.
 * @throws AtomaError `grammar_unsupported` where they are no counts, too large, or leave none.
 */
export function countAt(
  schema: SchemaObject,
  minKeyword: string,
  maxKeyword: string,
  path: string,
): { readonly min: number; readonly max: number } {
  for (const keyword of [minKeyword, maxKeyword]) {
    const count = numberAt(schema, keyword, path) ?? 0;
    if (Number.isInteger(count) && count >= 0 && count <= MAX_COUNT) continue;
    throw grammarUnsupported(keyword, path, `is ${count}, wanted a whole number up to ${MAX_COUNT}`);
  }
  const min = numberAt(schema, minKeyword, path) ?? 0;
  const max = numberAt(schema, maxKeyword, path) ?? Number.POSITIVE_INFINITY;
  if (max < min) throw grammarUnsupported(maxKeyword, path, `is below ${minKeyword}`);
  return { min, max };
}
