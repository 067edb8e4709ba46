import { grammarUnsupported } from './grammar-refusal.js';

export type SchemaObject = Readonly<Record<string, unknown>>;

export const TYPES = ['object', 'array', 'string', 'number', 'integer', 'boolean', 'null'] as const;
export type SchemaType = (typeof TYPES)[number];

/** They say something about a value, and restrict none (JSON Schema 2020-12, Validation §9), or are places for others. */
const ANNOTATIONS: ReadonlySet<string> = new Set([
  ...['title', 'description', 'default', 'examples', 'example', 'deprecated', 'readOnly', 'writeOnly'],
  ...['$schema', '$id', '$comment', '$defs', 'definitions'],
]);

const NUMERIC = ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum'];
/** The keywords of each type that a grammar is made of. */
const KEYWORDS_OF: Readonly<Record<SchemaType, readonly string[]>> = {
  object: ['properties', 'required', 'additionalProperties', 'minProperties', 'maxProperties'],
  array: ['items', 'prefixItems', 'minItems', 'maxItems'],
  string: ['minLength', 'maxLength', 'format'],
  number: NUMERIC,
  integer: NUMERIC,
  boolean: [],
  null: [],
};
const KNOWN: ReadonlySet<string> = new Set(['type', ...Object.values(KEYWORDS_OF).flat()]);

/** Each stands for a schema of its own, beside which nothing else may restrict a value but what is listed. */
const COMBINERS: Readonly<Record<string, readonly string[]>> = {
  $ref: [],
  const: ['type'],
  enum: ['type'],
  anyOf: [],
  oneOf: [],
  allOf: [],
};

export function isSchemaObject(value: unknown): value is SchemaObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Keywords that restrict a value. */
function restrictions(schema: SchemaObject): readonly string[] {
  return Object.keys(schema).filter((key) => {
    const hasNoEffect = key === 'uniqueItems' && schema[key] === false;
    return !ANNOTATIONS.has(key) && !key.startsWith('x-') && !hasNoEffect;
  });
}

/**
 * Refuses a schema with a keyword that would be ignored. Those of types that the value is not of restrict nothing.
 * @throws AtomaError `grammar_unsupported`
 */
export function checkKeywords(schema: SchemaObject, path: string): void {
  const keywords = restrictions(schema);
  const combiner = keywords.find((keyword) => Object.hasOwn(COMBINERS, keyword));
  for (const keyword of keywords) {
    if (combiner === undefined ? KNOWN.has(keyword) : keyword === combiner) continue;
    if (combiner === undefined) throw grammarUnsupported(keyword, path, 'cannot be held by a grammar');
    if (COMBINERS[combiner]?.includes(keyword)) continue;
    throw grammarUnsupported(keyword, path, `cannot be combined with ${combiner}`);
  }
}

/**
 * The types that a value may be of; undefined where nothing restricts it. Without `type`, those that the keywords are
 * about: any other type would do as well.
 * @throws AtomaError `grammar_unsupported`
 */
export function typesOf(schema: SchemaObject, path: string): readonly SchemaType[] | undefined {
  const { type } = schema;
  if (type === undefined) {
    const meant = TYPES.filter((each) => KEYWORDS_OF[each].some((keyword) => schema[keyword] !== undefined));
    return meant.length === 0 ? undefined : meant.filter((each) => each !== 'integer');
  }
  const named: readonly unknown[] = Array.isArray(type) ? type : [type];
  if (named.length === 0) throw grammarUnsupported('type', path, 'names no type');
  return named.map((each) => {
    const known = TYPES.find((one) => one === each);
    if (known === undefined)
      throw grammarUnsupported('type', path, `is ${JSON.stringify(each)}, which is none`);
    return known;
  });
}

/** Whether a JSON value is of one of these types. */
export function isOfType(value: unknown, types: readonly SchemaType[]): boolean {
  return types.some((type) => {
    if (type === 'null') return value === null;
    if (type === 'array') return Array.isArray(value);
    if (type === 'object') return isSchemaObject(value);
    if (type === 'integer') return Number.isInteger(value);
    return typeof value === type;
  });
}

/**
 * The schema that a reference within the document names.
 * @throws AtomaError `grammar_unsupported` where there is none, or it lies in another document.
 */
export function resolve(root: unknown, ref: unknown, path: string): unknown {
  if (typeof ref !== 'string' || !/^#(\/|$)/.test(ref)) {
    const found = JSON.stringify(ref);
    throw grammarUnsupported('$ref', path, `is ${found}, wanted a place in this schema: #/$defs/name`);
  }
  let found: unknown = root;
  for (const part of ref.split('/').slice(1)) {
    const key = decoded(part).replaceAll('~1', '/').replaceAll('~0', '~');
    const holder: unknown = found;
    const has = typeof holder === 'object' && holder !== null && Object.hasOwn(holder, key);
    if (!has) throw grammarUnsupported('$ref', path, `is ${JSON.stringify(ref)}, which is not there`);
    found = Reflect.get(holder, key);
  }
  return found;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
