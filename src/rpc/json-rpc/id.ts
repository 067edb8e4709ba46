/**
 * An id of JSON-RPC 2.0 as JSON text. An answer has to bear the same value as its request, and a double does not
 * hold every number that JSON can write: a number keeps the digits that were sent.
 */
export type IdText = string;

/** The id of an answer to something whose id could not be read. */
export const NULL_ID: IdText = 'null';

/** Only numbers with a fraction or an exponent can be another value than the safe integer that they parse to. */
const FRACTION_OR_EXPONENT = /\d[.eE]/;
/** Where a string begins, or a whole number literal: all else in JSON is of no interest. */
const STRING_OR_NUMBER = /"|-?\d[\d.eE+-]*/g;

/** The ids in one message. */
export class MessageIds {
  readonly #text: string;
  #exact: unknown;

  /** @param text JSON */
  constructor(text: string) {
    this.#text = text;
  }

  /**
   * The id of a value that may be a request; undefined where it has none, or none of a type that the specification
   * allows.
   * @param position of the value in a batch; undefined where it is the whole message
   */
  of(value: unknown, position: number | undefined): IdText | undefined {
    const id = ownId(value);
    if (id === null || typeof id === 'string') return JSON.stringify(id);
    return typeof id === 'number' ? this.#numberAt(id, position) : undefined;
  }

  #numberAt(parsed: number, position: number | undefined): IdText {
    if (Number.isSafeInteger(parsed) && !FRACTION_OR_EXPONENT.test(this.#text)) return String(parsed);
    this.#exact ??= JSON.parse(quoteNumbers(this.#text));
    const exact = this.#exact;
    return String(ownId(Array.isArray(exact) ? exact[position ?? 0] : exact));
  }
}

/** The member `id` of an object; undefined where there is none. */
function ownId(value: unknown): unknown {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isObject && Object.hasOwn(value, 'id') ? Reflect.get(value, 'id') : undefined;
}

/** JSON with every number as a string of its digits, all else as it was. */
function quoteNumbers(json: string): string {
  let quoted = '';
  let copied = 0;
  STRING_OR_NUMBER.lastIndex = 0;
  for (let found = STRING_OR_NUMBER.exec(json); found !== null; found = STRING_OR_NUMBER.exec(json)) {
    if (found[0] === '"') {
      STRING_OR_NUMBER.lastIndex = endOfString(json, found.index);
    } else {
      quoted += `${json.slice(copied, found.index)}"${found[0]}"`;
      copied = STRING_OR_NUMBER.lastIndex;
    }
  }
  return quoted + json.slice(copied);
}

/** Behind the closing quote of the string that begins at `start`. */
function endOfString(json: string, start: number): number {
  let end = json.indexOf('"', start + 1);
  while (isEscaped(json, end)) end = json.indexOf('"', end + 1);
  return end + 1;
}

/** An odd number of backslashes stands before it. */
function isEscaped(json: string, at: number): boolean {
  let first = at;
  while (json[first - 1] === '\\') first -= 1;
  return (at - first) % 2 === 1;
}
