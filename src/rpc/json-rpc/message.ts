import { catalogued, type RpcError } from '../error-catalogue.js';

/** An id of JSON-RPC 2.0. */
export type RpcId = string | number | null;

/** A checked request object. Without an id it is a notification, which nothing answers. */
export interface RpcRequest {
  readonly id: RpcId | undefined;
  readonly method: string;
  readonly params: readonly unknown[] | Readonly<Record<string, unknown>>;
}

const decoder = new TextDecoder('utf-8', { fatal: true });

/**
 * The JSON value in a message.
 * @throws AtomaError `parse_error`.
 */
export function parseMessage(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(decoder.decode(bytes));
  } catch (error) {
    const found = error instanceof SyntaxError ? error.message : 'not UTF-8';
    throw catalogued('parse_error', `Parse error: the message is not JSON (${shorten(found)}).`);
  }
}

/**
 * Checks one request object.
 * @throws AtomaError `invalid_request`.
 */
export function checkRequest(value: unknown): RpcRequest {
  if (!isRecord(value)) throw invalid(`a request is an object, found ${kindOf(value)}`);
  if (value['jsonrpc'] !== '2.0') throw invalid('jsonrpc must be the string "2.0"');
  const { method, params = [] } = value;
  if (typeof method !== 'string') throw invalid(`method must be a string, found ${kindOf(method)}`);
  if (!Array.isArray(params) && !isRecord(params)) {
    throw invalid(`params must be an array or an object where given, found ${kindOf(params)}`);
  }
  if (!Object.hasOwn(value, 'id')) return { id: undefined, method, params };
  const id = detectId(value);
  if (id === undefined) {
    throw invalid('id must be a string, a number that a double holds exactly, or null');
  }
  return { id, method, params };
}

/** The id of something that may not be a request, as far as there is one. */
export function detectId(value: unknown): RpcId | undefined {
  if (!isRecord(value) || !Object.hasOwn(value, 'id')) return undefined;
  const { id } = value;
  if (id === null || typeof id === 'string') return id;
  // JSON.parse has rounded larger integers already: echoing them would answer another id than was sent.
  return typeof id === 'number' && Math.abs(id) <= Number.MAX_SAFE_INTEGER ? id : undefined;
}

/** A response object with a result. @throws TypeError where the result is no JSON. */
export function successResponse(id: RpcId, result: unknown): string {
  return `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":${JSON.stringify(result) ?? 'null'}}`;
}

/** A response object with an error; a null id where the request's id is not known. */
export function errorResponse(id: RpcId, error: RpcError): string {
  return `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"error":${JSON.stringify(error)}}`;
}

/** At most 80 characters of what a client sent, for use in messages to it. */
export function shorten(text: string): string {
  return text.length <= 80 ? text : `${text.slice(0, 79)}…`;
}

/** Article and JSON type of a value. */
export function kindOf(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function invalid(problem: string): Error {
  return catalogued('invalid_request', `Invalid Request: ${problem}.`);
}
