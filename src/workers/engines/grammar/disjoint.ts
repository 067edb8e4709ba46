import { isOfType, isSchemaObject, resolve, type SchemaObject, TYPES, typesOf } from './json-schema.js';

/**
 * Whether it can be seen that no value matches both schemas: their types differ, they list different values, or both
 * are objects that require a property whose listed values differ.
 */
export function areDisjoint(root: unknown, one: unknown, other: unknown, path: string): boolean {
  const [a, b] = [target(root, one, path), target(root, other, path)];
  if (a === undefined || b === undefined) return false;
  const [listed, others] = [values(a), values(b)];
  if (listed !== undefined && others !== undefined) {
    const texts = new Set(listed.map((value) => JSON.stringify(value)));
    return others.every((value) => !texts.has(JSON.stringify(value)));
  }
  const kinds = new Set(kindsOf(a, path));
  if (!kindsOf(b, path).some((kind) => kinds.has(kind))) return true;
  return requiredOf(a)
    .filter((name) => requiredOf(b).includes(name))
    .some((name) => {
      const [first, second] = [propertyOf(root, a, name, path), propertyOf(root, b, name, path)];
      const isTag = [first, second].every((each) => each !== undefined && values(each) !== undefined);
      return isTag && isObjectOnly(a) && isObjectOnly(b) && areDisjoint(root, first, second, path);
    });
}

/** Through references, of which so many may follow each other. */
function target(root: unknown, schema: unknown, path: string, hops = 8): SchemaObject | undefined {
  if (!isSchemaObject(schema)) return undefined;
  if (schema['$ref'] === undefined) return schema;
  return hops === 0 ? undefined : target(root, resolve(root, schema['$ref'], path), path, hops - 1);
}

function values(schema: SchemaObject): readonly unknown[] | undefined {
  if (schema['const'] !== undefined) return [schema['const']];
  const listed = schema['enum'];
  return Array.isArray(listed) ? listed : undefined;
}

/** Whole numbers are numbers. */
function kindsOf(schema: SchemaObject, path: string): readonly string[] {
  const listed = values(schema);
  if (listed !== undefined) return TYPES.filter((type) => listed.some((value) => isOfType(value, [type])));
  if (schema['type'] === undefined) return TYPES;
  return (typesOf(schema, path) ?? TYPES).flatMap((type) =>
    type === 'integer' || type === 'number' ? ['integer', 'number'] : type,
  );
}

function isObjectOnly({ type }: SchemaObject): boolean {
  return type === 'object';
}

function requiredOf({ required }: SchemaObject): readonly unknown[] {
  return Array.isArray(required) ? required : [];
}

function propertyOf(
  root: unknown,
  schema: SchemaObject,
  name: unknown,
  path: string,
): SchemaObject | undefined {
  const { properties } = schema;
  if (!isSchemaObject(properties) || typeof name !== 'string' || !Object.hasOwn(properties, name)) {
    return undefined;
  }
  return target(root, properties[name], path);
}
