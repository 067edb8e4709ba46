import { areDisjoint } from './disjoint.js';
import { grammarUnsupported } from './grammar-refusal.js';
import { grammarText, JSON_RULES, list, literal, repetition } from './json-rules.js';
import {
  checkKeywords,
  isOfType,
  isSchemaObject,
  resolve,
  type SchemaObject,
  type SchemaType,
  typesOf,
} from './json-schema.js';
import { boundsOf, countAt, listAt, namesAt } from './keyword-values.js';
import { numericBody, stringBody } from './scalar-rules.js';

/** Schemas within each other: calls nest as deep, and so do the alternatives that a grammar follows at once. */
const MAX_DEPTH = 32;
/** Schemas and listed values together: each token of an answer is held against the rules made of them. */
const MAX_PARTS = 2000;

/** Bounds of lengths, items and properties together: llama.cpp makes a rule of each time that something may come. */
const MAX_REPEATS = 20_000;

/** Where in a schema the compiler is. */
interface Place {
  /** JSON Pointer as a URI fragment. */
  readonly path: string;
  readonly depth: number;
  /** References that led here without a character written on the way: one that comes again would never end. */
  readonly chain: readonly unknown[];
}

/**
 * A grammar in which every text is JSON that matches a JSON Schema (2020-12). Not every text that matches can be
 * written in it: properties come in the order of `properties`, and none beside them; numbers within bounds have no
 * exponent.
 * @throws AtomaError `grammar_unsupported` with the `keyword` and its `path` in its fields, for what a grammar cannot
 * hold, and for a schema that is too deep, too large or no schema.
 */
export function schemaGrammar(schema: unknown): string {
  return new SchemaCompiler(schema).grammar();
}

class SchemaCompiler {
  readonly #root: unknown;
  readonly #rules = new Map(Object.entries(JSON_RULES));
  /** Rules of the schemas that references name. */
  readonly #named = new Map<unknown, string>();
  #parts = 0;
  #repeats = 0;

  constructor(root: unknown) {
    this.#root = root;
  }

  grammar(): string {
    // A reference to the whole schema takes this rule.
    const start = this.#rule('schema');
    this.#named.set(this.#root, start);
    this.#rules.set(start, this.#body(this.#root, { path: '#', depth: 0, chain: [this.#root] }));
    return grammarText([['root', start], ...this.#rules]);
  }

  /** A rule of its own for a schema, so that repeating it costs a name. */
  #compile(schema: unknown, place: Place): string {
    const body = this.#body(schema, place);
    if (this.#rules.has(body)) return body;
    const name = this.#rule('part');
    this.#rules.set(name, body);
    return name;
  }

  #rule(kind: string): string {
    const name = `${kind}-${this.#rules.size}`;
    // Holds the place, so that the next one has another number.
    this.#rules.set(name, '""');
    return name;
  }

  #body(schema: unknown, place: Place): string {
    const { path, depth } = place;
    this.#count(path, 1);
    if (depth > MAX_DEPTH) throw grammarUnsupported('$schema', path, `is deeper than ${MAX_DEPTH} schemas`);
    if (schema === true) return 'value';
    if (!isSchemaObject(schema)) {
      throw grammarUnsupported('$schema', path, `is ${JSON.stringify(schema)}, wanted an object or true`);
    }
    checkKeywords(schema, path);
    return this.#combined(schema, place) ?? this.#typed(schema, place);
  }

  #count(path: string, parts: number): void {
    this.#parts += parts;
    if (this.#parts > MAX_PARTS) {
      throw grammarUnsupported('$schema', path, `has more than ${MAX_PARTS} schemas and values`);
    }
  }

  /** Of a schema that stands for others. */
  #combined(schema: SchemaObject, place: Place): string | undefined {
    if (schema['$ref'] !== undefined) return this.#reference(schema['$ref'], place);
    if (schema['const'] !== undefined) return this.#literals('const', [schema['const']], schema, place);
    if (schema['enum'] !== undefined) {
      return this.#literals('enum', listAt(schema, 'enum', place.path), schema, place);
    }
    for (const keyword of ['anyOf', 'oneOf', 'allOf'] as const) {
      if (schema[keyword] !== undefined) return this.#branches(keyword, schema, place);
    }
    return undefined;
  }

  #reference(ref: unknown, { path, depth, chain }: Place): string {
    const found = resolve(this.#root, ref, path);
    if (chain.includes(found)) throw grammarUnsupported('$ref', path, 'leads back to itself');
    const known = this.#named.get(found);
    if (known !== undefined) return known;
    if (!isSchemaObject(found)) return this.#body(found, { path: String(ref), depth: depth + 1, chain });
    const name = this.#rule('ref');
    this.#named.set(found, name);
    const body = this.#body(found, { path: String(ref), depth: depth + 1, chain: [...chain, found] });
    this.#rules.set(name, body);
    return name;
  }

  #literals(keyword: string, values: readonly unknown[], schema: SchemaObject, { path }: Place): string {
    this.#count(path, values.length);
    const types = schema['type'] === undefined ? undefined : typesOf(schema, path);
    const matching = values.filter((value) => types === undefined || isOfType(value, types));
    if (matching.length === 0) throw grammarUnsupported(keyword, path, 'leaves no value');
    return matching.map((value) => literal(JSON.stringify(value))).join(' | ');
  }

  #branches(keyword: 'anyOf' | 'oneOf' | 'allOf', schema: SchemaObject, place: Place): string {
    const { path, depth, chain } = place;
    const branches = listAt(schema, keyword, path);
    if (branches.length === 0) throw grammarUnsupported(keyword, path, 'is empty');
    if (keyword === 'allOf' && branches.length > 1) {
      throw grammarUnsupported(keyword, path, 'cannot be held by a grammar: write it as one schema');
    }
    if (keyword === 'oneOf') this.#checkDisjoint(branches, path);
    return branches
      .map((branch, at) =>
        this.#compile(branch, { path: `${path}/${keyword}/${at}`, depth: depth + 1, chain }),
      )
      .join(' | ');
  }

  #checkDisjoint(branches: readonly unknown[], path: string): void {
    for (const [at, branch] of branches.entries()) {
      for (const other of branches.slice(at + 1)) {
        this.#count(path, 1);
        if (areDisjoint(this.#root, branch, other, path)) continue;
        const why =
          'has branches that one value could match both: tell them apart by type or a const, or write anyOf';
        throw grammarUnsupported('oneOf', path, why);
      }
    }
  }

  #typed(schema: SchemaObject, place: Place): string {
    this.#repeats += boundsOf(schema);
    if (this.#repeats > MAX_REPEATS) {
      throw grammarUnsupported('$schema', place.path, `has bounds that add up to more than ${MAX_REPEATS}`);
    }
    const types = typesOf(schema, place.path);
    return types === undefined ? 'value' : types.map((type) => this.#ofType(type, schema, place)).join(' | ');
  }

  #ofType(type: SchemaType, schema: SchemaObject, place: Place): string {
    if (type === 'object') return this.#object(schema, place);
    if (type === 'array') return this.#array(schema, place);
    if (type === 'string') return stringBody(schema, place.path);
    return type === 'integer' || type === 'number' ? numericBody(type, schema, place.path) : type;
  }

  #object(schema: SchemaObject, place: Place): string {
    const { path } = place;
    const properties = schema['properties'] ?? {};
    if (!isSchemaObject(properties)) throw grammarUnsupported('properties', path, 'is no object');
    const required = new Set(namesAt(schema, 'required', path));
    const names = new Set([...Object.keys(properties), ...required]);
    if (names.size === 0) return this.#map(schema, place);
    const { min, max } = countAt(schema, 'minProperties', 'maxProperties', path);
    if (min > required.size)
      throw grammarUnsupported('minProperties', path, 'asks for more than is required');
    if (max < names.size) throw grammarUnsupported('maxProperties', path, 'allows fewer than are named');
    const members = [...names].map((name) => ({
      isRequired: required.has(name),
      pair: `${literal(JSON.stringify(name))} ":" ws ${this.#property(name, properties, schema, place)}`,
    }));
    return `"{" ws ${this.#members(members)} "}"`;
  }

  /** One that is required and not named is of what any other may be. */
  #property(name: string, properties: SchemaObject, schema: SchemaObject, place: Place): string {
    const isNamed = Object.hasOwn(properties, name);
    const of = isNamed ? properties[name] : (schema['additionalProperties'] ?? true);
    if (of === false) {
      const keyword = isNamed ? 'properties' : 'required';
      throw grammarUnsupported(keyword, place.path, `names ${name}, which may not be there`);
    }
    const at = isNamed ? `properties/${pointer(name)}` : 'additionalProperties';
    return this.#compile(of, within(place, at));
  }

  /** In their order, with commas between those that are there. */
  #members(members: readonly { readonly isRequired: boolean; readonly pair: string }[]): string {
    let first = '';
    let later = '';
    for (const { isRequired, pair } of members.toReversed()) {
      const start = `${pair} ${later === '' ? 'ws' : later}`;
      const [begun, next] = [this.#rule('first'), this.#rule('later')];
      this.#rules.set(begun, isRequired ? start : first === '' ? `( ${start} )?` : `${start} | ${first}`);
      const rest = later === '' ? 'ws' : later;
      this.#rules.set(next, isRequired ? `"," ws ${pair} ${rest}` : `"," ws ${pair} ${rest} | ${rest}`);
      [first, later] = [begun, next];
    }
    return first;
  }

  /** Any names, values of one schema. Names may come twice, so that more than one cannot be counted on. */
  #map(schema: SchemaObject, place: Place): string {
    const { min, max } = countAt(schema, 'minProperties', 'maxProperties', place.path);
    if (min > 1)
      throw grammarUnsupported('minProperties', place.path, 'is above 1, and no property is named');
    const of = schema['additionalProperties'] ?? true;
    if (of === false && min > 0) throw grammarUnsupported('minProperties', place.path, 'allows no value');
    if (of === false) return '"{" ws "}"';
    const value = this.#compile(of, within(place, 'additionalProperties'));
    const pair = this.#rule('pair');
    this.#rules.set(pair, `string ":" ws ${value}`);
    return `"{" ws ${list(pair, min, max)} "}"`;
  }

  #array(schema: SchemaObject, place: Place): string {
    const { path } = place;
    const { min, max } = countAt(schema, 'minItems', 'maxItems', path);
    if (Array.isArray(schema['items']))
      throw grammarUnsupported('items', path, 'is a list: write prefixItems');
    const prefix = schema['prefixItems'] === undefined ? [] : listAt(schema, 'prefixItems', path);
    const fixed = prefix
      .slice(0, max)
      .map((item, at) => this.#compile(item, within(place, `prefixItems/${at}`)));
    const items = schema['items'] ?? true;
    if (items === false && min > fixed.length) throw grammarUnsupported('minItems', path, 'allows no value');
    if (items === false || max === fixed.length) return `"[" ws ${fixed.join(' "," ws ')} ws "]"`;
    const item = this.#compile(items, within(place, 'items'));
    if (fixed.length === 0) return `"[" ws ${list(item, min, max)} "]"`;
    const more = repetition(Math.max(0, min - fixed.length), max - fixed.length);
    return `"[" ws ${fixed.join(' "," ws ')} ( "," ws ${item} )${more} ws "]"`;
  }
}

/** A character is written before what lies within an array or an object. */
function within({ path, depth }: Place, at: string): Place {
  return { path: `${path}/${at}`, depth: depth + 1, chain: [] };
}

/** RFC 6901. */
function pointer(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1');
}
