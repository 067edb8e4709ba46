type Schema = Readonly<Record<string, unknown>>;

/** A JSON Schema in a few words: `integer`, `array of string`, `Ticket or null`. */
export function typeText(schema: unknown): string {
  if (!isSchema(schema)) return 'any';
  const { $ref, anyOf, oneOf, allOf, enum: values, const: constant, type, items } = schema;
  if (typeof $ref === 'string')
    return `[${$ref.split('/').at(-1)}](#${$ref.split('/').at(-1)?.toLowerCase()})`;
  const choices = [anyOf, oneOf].find(Array.isArray);
  if (choices !== undefined) return [...new Set(choices.map(typeText))].join(' or ');
  if (Array.isArray(allOf)) return allOf.map(typeText).join(' and ');
  if (Array.isArray(values)) return values.map((value) => `\`${JSON.stringify(value)}\``).join(' or ');
  if (constant !== undefined) return `\`${JSON.stringify(constant)}\``;
  if (type === 'array') return `array of ${typeText(items)}`;
  return typeof type === 'string' ? type : 'any';
}

/** What a schema says in words, and the default and bounds that it holds. */
export function detailText(schema: Schema): string {
  const { description, default: fallback, minimum, maximum } = schema;
  const bounds = [
    typeof minimum === 'number' && minimum > Number.MIN_SAFE_INTEGER ? `From ${minimum}` : '',
    typeof maximum === 'number' && maximum < Number.MAX_SAFE_INTEGER ? `to ${maximum}` : '',
  ];
  const range = bounds.filter((bound) => bound !== '').join(' ');
  const parts = [
    typeof description === 'string' ? description : '',
    range === '' ? '' : `${range}.`,
    fallback === undefined ? '' : `Default: \`${JSON.stringify(fallback)}\`.`,
  ];
  return parts.filter((part) => part !== '').join(' ');
}

export function isSchema(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
