import { isDeepStrictEqual } from 'node:util';
import { invalidRequest } from '../errors.js';
import type { Tool } from '../schemas/tools.js';

type Schema = Readonly<Record<string, unknown>>;

/** Where JSON Schema keeps definitions that its `$ref`s name from the root. */
const DEFINITIONS = ['$defs', 'definitions'] as const;

/** A function of which nothing is said takes none. */
const NO_PARAMETERS: Schema = { properties: {}, additionalProperties: false };

/**
 * The JSON Schema of a call of one of some functions: `{"name":…,"arguments":{…}}`. The definitions of their
 * parameters move to its root, where references look for them.
 * @throws AtomaError `invalid_params` where two functions define different things by one name
 */
export function callSchema(tools: readonly Tool[]): Schema {
  const calls = tools.map(({ function: { name, parameters } }) => ({
    type: 'object',
    properties: { name: { const: name }, arguments: withoutDefinitions(parameters ?? NO_PARAMETERS) },
    required: ['name', 'arguments'],
    additionalProperties: false,
  }));
  const [only, ...others] = calls;
  const schema = others.length === 0 && only !== undefined ? only : { anyOf: calls };
  return { ...schema, ...definitionsOf(tools) };
}

function withoutDefinitions(parameters: Schema): Schema {
  const { $defs: _defs, definitions: _definitions, $schema: _schema, ...rest } = parameters;
  return { type: 'object', ...rest };
}

function definitionsOf(tools: readonly Tool[]): Schema {
  const present = DEFINITIONS.map((key) => [key, definitionsUnder(key, tools)] as const);
  return Object.fromEntries(present.filter(([, found]) => Object.keys(found).length > 0));
}

function definitionsUnder(key: (typeof DEFINITIONS)[number], tools: readonly Tool[]): Schema {
  const found = new Map<string, unknown>();
  for (const { function: tool } of tools) {
    for (const [name, definition] of Object.entries(tool.parameters?.[key] ?? {})) {
      if (found.has(name) && !isDeepStrictEqual(found.get(name), definition)) throw conflict(name);
      found.set(name, definition);
    }
  }
  return Object.fromEntries(found);
}

function conflict(name: string): Error {
  return invalidRequest(
    `Two tools define '${name}' in different ways, and a call is forced: give one of them another name.`,
    'tools',
  );
}
