/** Deeper values of an error's fields are left out: they are for programs to react to, not for dumps. */
const MAX_FIELD_DEPTH = 4;

/** `retryAfterMs` → `retry_after_ms`. */
function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** An error's fields as JSON: names in snake_case, bigint as decimal strings, bytes as hex. */
export function fieldsToWire(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [snakeCase(name), valueToWire(value, 1)]),
  );
}

function valueToWire(value: unknown, depth: number): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (value instanceof Uint8Array) return hex(value);
  if (value instanceof Error) return value.message;
  if (typeof value !== 'object' || value === null) return value;
  if (depth >= MAX_FIELD_DEPTH) return undefined;
  if (Array.isArray(value)) return value.map((item) => valueToWire(item, depth + 1));
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [snakeCase(name), valueToWire(item, depth + 1)]),
  );
}

/** Bytes as hex digits, without a prefix. */
export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
}
