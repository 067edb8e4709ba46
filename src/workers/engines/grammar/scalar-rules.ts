import { grammarUnsupported } from './grammar-refusal.js';
import { integerRange, numberRange } from './integer-range.js';
import { repetition } from './json-rules.js';
import type { SchemaObject } from './json-schema.js';
import { countAt, numberAt } from './keyword-values.js';
import { STRING_FORMATS } from './string-formats.js';

/** A string in GBNF. @throws AtomaError `grammar_unsupported` */
export function stringBody(schema: SchemaObject, path: string): string {
  const { min, max } = countAt(schema, 'minLength', 'maxLength', path);
  const { format } = schema;
  if (format === undefined) return `"\\"" char${repetition(min, max)} "\\""`;
  const known = typeof format === 'string' && Object.hasOwn(STRING_FORMATS, format) ? format : undefined;
  if (known === undefined) {
    const names = Object.keys(STRING_FORMATS).join(', ');
    throw grammarUnsupported('format', path, `is ${JSON.stringify(format)}, wanted one of ${names}`);
  }
  if (min > 0 || Number.isFinite(max)) {
    throw grammarUnsupported('format', path, 'cannot be combined with a length');
  }
  return `"\\"" ( ${STRING_FORMATS[known]} ) "\\""`;
}

/** A number in GBNF. @throws AtomaError `grammar_unsupported` */
export function numericBody(type: 'integer' | 'number', schema: SchemaObject, path: string): string {
  const above = numberAt(schema, 'exclusiveMinimum', path);
  const below = numberAt(schema, 'exclusiveMaximum', path);
  const low = numberAt(schema, 'minimum', path);
  const high = numberAt(schema, 'maximum', path);
  if (above === undefined && below === undefined && low === undefined && high === undefined) return type;
  const min = Math.max(
    Math.ceil(low ?? Number.NEGATIVE_INFINITY),
    Math.floor(above ?? Number.NEGATIVE_INFINITY) + 1,
  );
  const max = Math.min(
    Math.floor(high ?? Number.POSITIVE_INFINITY),
    Math.ceil(below ?? Number.POSITIVE_INFINITY) - 1,
  );
  const range = type === 'integer' ? integerRange(min, max) : numberRange(min, max);
  if (range !== undefined) return range;
  throw grammarUnsupported(
    low === undefined && above === undefined ? 'maximum' : 'minimum',
    path,
    'leaves no whole number within the bounds',
  );
}
