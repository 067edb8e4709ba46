import { catalogued, type RpcError } from '../error-catalogue.js';
import { type IdText, MessageIds } from './id.js';

/** A message that is JSON: a request, a batch of them, or something else. */
export interface Message {
  readonly value: unknown;
  readonly ids: MessageIds;
}

/** A checked request object. Without an id it is a notification, which nothing answers. */
export interface RpcRequest {
  readonly isNotification: boolean;
  readonly method: string;
  readonly params: readonly unknown[] | Readonly<Record<string, unknown>>;
}

const decoder = new TextDecoder('utf-8', { fatal: true });

/**
 * The JSON value in a message.
 * @throws AtomaError `parse_error`.
 */
export function parseMessage(bytes: Uint8Array): Message {
  try {
    const text = decoder.decode(bytes);
    return { value: JSON.parse(text), ids: new MessageIds(text) };
  } catch (error) {
    const found = error instanceof SyntaxError ? error.message : 'not UTF-8';
    throw catalogued('parse_error', `Parse error: the message is not JSON (${shorten(found)}).`);
  }
}

/**
 * Checks one request object. Members that the specification does not name are let be.
 * @param id what {@link MessageIds.of} found in it
 * @throws AtomaError `invalid_request`.
 */
export function checkRequest(value: unknown, id: IdText | undefined): RpcRequest {
  if (!isRecord(value)) throw invalid(`a request is an object, found ${kindOf(value)}`);
  if (value['jsonrpc'] !== '2.0') throw invalid('jsonrpc must be the string "2.0"');
  const { method, params = [] } = value;
  if (typeof method !== 'string') throw invalid(`method must be a string, found ${kindOf(method)}`);
  if (!Array.isArray(params) && !isRecord(params)) {
    throw invalid(`params must be an array or an object where given, found ${kindOf(params)}`);
  }
  const isNotification = !Object.hasOwn(value, 'id');
  if (!isNotification && id === undefined) throw invalid('id must be a string, a number, or null');
  return { isNotification, method, params };
}

/** A response object with a result. @throws TypeError where the result is no JSON. */
export function successResponse(id: IdText, result: unknown): string {
  return `{"jsonrpc":"2.0","id":${id},"result":${JSON.stringify(result) ?? 'null'}}`;
}

/** A response object with an error; {@link NULL_ID} where the request's id is not known. */
export function errorResponse(id: IdText, error: RpcError): string {
  return `{"jsonrpc":"2.0","id":${id},"error":${JSON.stringify(error)}}`;
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
