import type { z } from 'zod';
import { invalidRequest } from '../errors.js';

/** Fields of OpenAI's API that a node cannot honour, with the values of them that ask for nothing. */
export type Unsupported = Readonly<
  Record<string, { readonly why: string; readonly harmless?: (value: unknown) => boolean }>
>;

/**
 * The body of a request, checked. A field that is null counts as left out, as OpenAI's API has it.
 * @throws AtomaError `invalid_params` with the `param` at fault and OpenAI's `code` in its fields
 */
export function checkBody<Schema extends z.ZodType>(
  body: unknown,
  schema: Schema,
  unsupported: Unsupported,
): z.output<Schema> {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw invalidRequest('The body has to be a JSON object.', null, 'invalid_type');
  }
  const given = Object.entries(body).filter(([, value]) => value !== null);
  const supported = given.filter(([name, value]) => !refuseUnsupported(name, value, unsupported));
  const parsed = schema.safeParse(Object.fromEntries(supported));
  if (parsed.success) return parsed.data;
  throw toError(parsed.error.issues[0], body);
}

/** @returns whether it is one of them, which asks for nothing */
function refuseUnsupported(name: string, value: unknown, unsupported: Unsupported): boolean {
  const field = Object.hasOwn(unsupported, name) ? unsupported[name] : undefined;
  if (field === undefined) return false;
  if (field.harmless?.(value)) return true;
  throw invalidRequest(`Unsupported parameter: '${name}': ${field.why}.`, name, 'unsupported_parameter');
}

function toError(issue: z.core.$ZodIssue | undefined, body: object): Error {
  if (issue === undefined) return invalidRequest('The body is not valid.', null);
  if (issue.code === 'unrecognized_keys') {
    const param = pathText([...issue.path, String(issue.keys[0])]);
    return invalidRequest(`Unknown parameter: '${param.slice(0, 100)}'.`, param, 'unknown_parameter');
  }
  const { path, found } = reach(issue.path, body);
  const param = pathText(path);
  if (found === undefined) {
    return invalidRequest(`Missing required parameter: '${param}'.`, param, 'missing_required_parameter');
  }
  const code = issue.code === 'invalid_type' ? 'invalid_type' : 'invalid_value';
  return invalidRequest(`Invalid value for '${param}': ${issue.message}.`, param, code);
}

/** What stands at a path of the body, which ends where there is no more than a text: some become lists of one. */
function reach(
  path: readonly PropertyKey[],
  body: object,
): { readonly path: readonly PropertyKey[]; readonly found: unknown } {
  let found: unknown = body;
  for (const [depth, key] of path.entries()) {
    if (typeof found !== 'object' || found === null) return { path: path.slice(0, depth), found };
    found = Reflect.get(found, key);
  }
  return { path, found: found === null && path.length === 1 ? undefined : found };
}

/** `messages[0].content`, as OpenAI writes it. */
function pathText(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, key) => {
    if (typeof key === 'number') return `${text}[${key}]`;
    return text === '' ? String(key) : `${text}.${String(key)}`;
  }, '');
}
