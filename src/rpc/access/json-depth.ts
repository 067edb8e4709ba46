import { catalogued } from '../error-catalogue.js';

const [QUOTE, BACKSLASH, OPEN_ARRAY, CLOSE_ARRAY, OPEN_OBJECT, CLOSE_OBJECT] = Buffer.from('"\\[]{}');

/**
 * Refuses JSON whose arrays and objects stand in one another deeper than a limit, before it is parsed: what reads the
 * values recursively (`JSON.stringify` among them) would run out of stack. What is no JSON is left to the parser.
 * @param bytes UTF-8, in which no byte of a longer character looks like one of these
 * @throws AtomaError `invalid_request`
 */
export function checkJsonDepth(bytes: Uint8Array, maxDepth: number): void {
  let depth = 0;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at];
    if (byte === QUOTE) at = endOfString(bytes, at);
    else if (byte === CLOSE_ARRAY || byte === CLOSE_OBJECT) depth--;
    else if ((byte === OPEN_ARRAY || byte === OPEN_OBJECT) && ++depth > maxDepth) {
      throw catalogued(
        'invalid_request',
        `Invalid Request: its arrays and objects are nested deeper than ${maxDepth} levels.`,
        { limit: maxDepth },
      );
    }
  }
}

/** Where the quote that ends a string stands. */
function endOfString(bytes: Uint8Array, start: number): number {
  let at = start + 1;
  while (at < bytes.length && bytes[at] !== QUOTE) at += bytes[at] === BACKSLASH ? 2 : 1;
  return at;
}
