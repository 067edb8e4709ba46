import type { z } from 'zod';
import type { Principal, Scope } from '../access/principal.js';
import { type CatalogueCode, catalogued } from '../error-catalogue.js';
import type { StreamHost } from '../websocket/stream-host.js';
import type { WireOf } from '../wire/schema.js';
import { kindOf, type RpcRequest, shorten } from './message.js';

/** Problems named in one refusal; a client that sends more of them will see the rest next time. */
const MAX_PROBLEMS = 10;

/** What a method learns of the call besides its params. */
export interface Call {
  /** Aborts when the client goes away. */
  readonly signal: AbortSignal;
  /** What can carry subscriptions to the client; undefined over HTTP. */
  readonly streams: StreamHost | undefined;
  readonly principal: Principal;
}

/** What clients are told of a method. */
export interface MethodDocs {
  /** One sentence without a full stop. */
  readonly summary: string;
  /** Markdown. */
  readonly description?: string;
  /** Errors that it has besides those of every call. */
  readonly errors: readonly CatalogueCode[];
  /** Whether its result is followed by notifications. */
  readonly notifies?: boolean;
}

/** A call that went well, in the form that goes over the wire. */
export interface MethodExample<Params = unknown, Result = unknown> {
  readonly name: string;
  readonly params: Params;
  readonly result: Result;
}

/** A method of the server, its params still to be checked. */
export interface Method {
  readonly name: string;
  /** Any one of these is enough for its caller. */
  readonly scopes: readonly [Scope, ...Scope[]];
  readonly docs: MethodDocs;
  readonly params: z.ZodObject;
  readonly result: z.ZodType;
  readonly examples: readonly MethodExample[];
  /** @throws AtomaError `invalid_params`, and what the method itself throws. */
  run(params: RpcRequest['params'], call: Call): unknown;
}

/** A method whose params are checked by a schema; by position they come in the order of its keys. */
export function defineMethod<Params extends z.ZodObject, Result extends z.ZodType>(definition: {
  readonly name: string;
  /** Default: `read`. */
  readonly scopes?: readonly [Scope, ...Scope[]];
  readonly docs: MethodDocs;
  readonly params: Params;
  /** What it answers. It is not checked at each call: `run` is typed by it, and tests hold results against it. */
  readonly result: Result;
  readonly examples?: readonly MethodExample<z.input<Params>, WireOf<Result>>[];
  readonly run: (params: z.output<Params>, call: Call) => WireOf<Result> | Promise<WireOf<Result>>;
}): Method {
  const { name, docs, params: schema, result, examples = [], scopes = ['read'] } = definition;
  const names = Object.keys(schema.shape);
  return {
    ...{ name, scopes, docs, params: schema, result, examples },
    run: (params, call) => {
      const named = isPositional(params) ? byName(params, names) : params;
      const parsed = schema.safeParse(named);
      if (!parsed.success) throw invalidParams(parsed.error.issues, named);
      return definition.run(parsed.data, call);
    },
  };
}

function isPositional(params: RpcRequest['params']): params is readonly unknown[] {
  return Array.isArray(params);
}

/** Positions become names; null stands for a param left out, as a position cannot be skipped. */
function byName(values: readonly unknown[], names: readonly string[]): Record<string, unknown> {
  if (values.length > names.length) {
    const wanted = names.length === 0 ? 'no params' : `at most ${names.length}: ${names.join(', ')}`;
    throw refuse([`${values.length} params by position, wanted ${wanted}`]);
  }
  const pairs = names.map((name, position) => [name, values[position]] as const);
  return Object.fromEntries(pairs.filter(([, value]) => value !== null && value !== undefined));
}

function invalidParams(issues: readonly z.core.$ZodIssue[], params: unknown): Error {
  return refuse(issues.slice(0, MAX_PROBLEMS).map((issue) => describe(issue, params)));
}

function refuse(problems: readonly string[]): Error {
  return catalogued('invalid_params', `Invalid params: ${problems.join('; ')}.`, { problems });
}

function describe(issue: z.core.$ZodIssue, params: unknown): string {
  if (issue.code === 'unrecognized_keys') {
    return `unknown param ${issue.keys.slice(0, MAX_PROBLEMS).map(shorten).join(', ')}`;
  }
  if (issue.path.length === 0) return issue.message;
  const found = issue.path.reduce<unknown>(
    (value, key) => (typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined),
    params,
  );
  const scalar = typeof found === 'number' || typeof found === 'string' || typeof found === 'boolean';
  const shown = scalar ? shorten(JSON.stringify(found)) : kindOf(found);
  return `${issue.path.join('.')} is ${shown}: ${issue.message}`;
}
