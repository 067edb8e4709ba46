/** A piece of TOML source; comments and blanks are left out. */
export interface Token {
  readonly kind: 'newline' | 'string' | 'bare' | '[' | ']' | '{' | '}' | '=' | ',';
  /** The content of a string, else the text as it stands. */
  readonly text: string;
  /** 1-based line of its first character. */
  readonly line: number;
  /** Offsets in the source, in UTF-16 units: of its first character and after its last. */
  readonly start: number;
  readonly end: number;
}

const BLANK = /[ \t\r]+|#[^\n]*/y;
const BARE = /[^\s#"'[\]{}=,]+/y;
const PUNCTUATION = new Set(['[', ']', '{', '}', '=', ',']);

/** Splits TOML source into tokens. Lax: on a source that does not parse the result is of no use. */
export function tokenize(source: string): Token[] {
  const tokens: Token[] = [];
  let line = 1;
  for (let at = 0; at < source.length; ) {
    const token = tokenAt(source, at);
    const text = source.slice(at, token.end);
    if (token.kind !== 'blank') {
      tokens.push({ kind: token.kind, text: token.text ?? text, line, start: at, end: token.end });
    }
    line += text.split('\n').length - 1;
    at = token.end;
  }
  return tokens;
}

interface RawToken {
  readonly kind: Token['kind'] | 'blank';
  readonly end: number;
  readonly text?: string;
}

function tokenAt(source: string, at: number): RawToken {
  const char = source.charAt(at);
  if (char === '\n') return { kind: 'newline', end: at + 1 };
  if (char === '"' || char === "'") return stringAt(source, at, char);
  if (isPunctuation(char)) return { kind: char, end: at + 1 };
  const blankEnd = matchEnd(BLANK, source, at);
  if (blankEnd !== undefined) return { kind: 'blank', end: blankEnd };
  return { kind: 'bare', end: matchEnd(BARE, source, at) ?? at + 1 };
}

function isPunctuation(char: string): char is '[' | ']' | '{' | '}' | '=' | ',' {
  return PUNCTUATION.has(char);
}

function matchEnd(pattern: RegExp, source: string, at: number): number | undefined {
  pattern.lastIndex = at;
  return pattern.test(source) ? pattern.lastIndex : undefined;
}

/** A string of any of TOML's four forms; `"""` and `'''` may hold newlines. */
function stringAt(source: string, at: number, quote: string): RawToken {
  const triple = quote.repeat(3);
  const delimiter = source.startsWith(triple, at) ? triple : quote;
  const start = at + delimiter.length;
  let close = source.indexOf(delimiter, start);
  while (quote === '"' && close !== -1 && isEscaped(source, close))
    close = source.indexOf(delimiter, close + 1);
  if (close === -1) return { kind: 'string', end: source.length };
  let end = close + delimiter.length;
  // Up to two quotes may stand right before the closing three.
  if (delimiter === triple) while (source.charAt(end) === quote && end < close + 5) end++;
  return { kind: 'string', end, text: source.slice(start, close) };
}

function isEscaped(source: string, at: number): boolean {
  let slashes = 0;
  while (source.charAt(at - 1 - slashes) === '\\') slashes++;
  return slashes % 2 === 1;
}
