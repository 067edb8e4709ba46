import { z } from 'zod';

/** JSON Schema, draft 7: what OpenRPC 1.3 builds upon. */
export type JsonSchema = Readonly<Record<string, unknown>>;

const LOCAL = '#/definitions/';
const SHARED = '#/components/schemas/';

/** Turns zod schemas into JSON Schema; those with an id become components, each of which is written once. */
export class SchemaComponents {
  readonly #components = new Map<string, unknown>();

  /** By id, in the order of ids. */
  get components(): Readonly<Record<string, unknown>> {
    return Object.fromEntries([...this.#components].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  /** What has to be sent to fit the schema; references point into {@link SchemaComponents.components}. */
  schemaOf(schema: z.ZodType): JsonSchema {
    // What a client sends and gets: before defaults and conversions.
    const {
      $schema: _draft,
      definitions = {},
      ...json
    } = z.toJSONSchema(schema, {
      io: 'input',
      target: 'draft-7',
    });
    for (const [id, definition] of Object.entries(definitions ?? {})) {
      this.#components.set(id, withSharedReferences(definition));
    }
    return Object.fromEntries(Object.entries(json).map(([key, value]) => [key, withSharedReferences(value)]));
  }
}

function withSharedReferences(value: unknown): unknown {
  if (typeof value === 'string') return value.startsWith(LOCAL) ? value.replace(LOCAL, SHARED) : value;
  if (Array.isArray(value)) return value.map(withSharedReferences);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withSharedReferences(item)]));
}
