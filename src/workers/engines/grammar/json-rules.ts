/**
 * JSON (RFC 8259) in llama.cpp's GBNF. White space is bounded, since small models get lost in it, and none comes after
 * the end of a text: where an object is complete, nothing is left to say but the end. Escapes of surrogates are left
 * out: half of a pair is no character, and would count as one in a length.
 */
export const JSON_RULES: Readonly<Record<string, string>> = {
  value: 'object | array | string | number | boolean | null',
  object: '"{" ws ( pair ( "," ws pair )* ws )? "}"',
  pair: 'string ":" ws value',
  array: '"[" ws ( value ( "," ws value )* ws )? "]"',
  string: '"\\"" char* "\\""',
  char: '[^"\\\\\\x7F\\x00-\\x1F] | "\\\\" ( ["\\\\/bfnrt] | "u" codeunit )',
  codeunit: '[0-9a-cA-Ce-fE-F] [0-9a-fA-F]{3} | [dD] [0-7] [0-9a-fA-F]{2}',
  number: 'integer ( "." [0-9]{1,16} )? ( [eE] [-+]? [0-9]{1,2} )?',
  integer: '"-"? ( "0" | [1-9] [0-9]{0,15} )',
  boolean: '"true" | "false"',
  null: '"null"',
  ws: '( " " | "\\n" [ \\t]{0,20} )?',
};

/** Text as a literal of GBNF. */
export function literal(text: string): string {
  return `"${text.replace(/[\\"]/g, '\\$&')}"`;
}

/** Rules as a grammar that llama.cpp reads; it begins at `root`. */
export function grammarText(rules: Iterable<readonly [name: string, body: string]>): string {
  return Array.from(rules, ([name, body]) => `${name} ::= ${body}\n`).join('');
}

/** A grammar of any JSON object. */
export function jsonObjectGrammar(): string {
  return grammarText([['root', 'object'], ...Object.entries(JSON_RULES)]);
}

/** `min` to `max` times a rule, with commas between. Empty where there is to be none. */
export function list(rule: string, min: number, max: number): string {
  if (max === 0) return '';
  const more = `( "," ws ${rule} )${repetition(Math.max(0, min - 1), max - 1)}`;
  return min === 0 ? `( ${rule} ${more} ws )?` : `${rule} ${more} ws`;
}

/** How often what stands before it comes; `max` may be infinite. */
export function repetition(min: number, max: number): string {
  return Number.isFinite(max) ? `{${min},${max}}` : `{${min},}`;
}
