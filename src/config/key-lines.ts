import { type Token, tokenize } from './toml-tokens.js';

/** Where a key or an array element stands, and the integer written there where it is one. */
interface KeyPlace {
  /** 1-based. */
  readonly line: number;
  /** The exact value: the parser cuts integers to 64 bits. */
  readonly integer: bigint | undefined;
  /** Where its value stands; undefined for tables, arrays and elements. */
  readonly value: Span | undefined;
}

/** Offsets in the source, in UTF-16 units: of the first character and after the last. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

export type KeyPath = readonly (string | number)[];

/** Arrays deeper than this are skipped over: no key of a configuration is that deep, and recursion has an end. */
const MAX_DEPTH = 16;

/**
 * Lines of the keys of a TOML source that parses: the parser itself keeps none. It is lax, it only has to
 * find what a correct source holds.
 */
export class KeyLines {
  readonly #places = new Map<string, KeyPlace>();
  /** Of each table that the source opens: the offset after its last own entry, or after its header. */
  readonly #ends = new Map<string, number>();
  /** Last index of each array of tables (`[[name]]`). */
  readonly #lastIndex = new Map<string, number>();
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(source: string) {
    this.#tokens = tokenize(source);
    let table: KeyPath = [];
    while (this.#at < this.#tokens.length) {
      if (this.#is('newline')) {
        this.#at++;
        continue;
      }
      if (this.#is('[')) table = this.#header();
      else this.#keyValue(table, 0);
      this.#ends.set(JSON.stringify(table), this.#tokens[this.#at - 1]?.end ?? 0);
    }
  }

  /** Where the value of a key stands; undefined where there is no such key, or where it is no single value. */
  valueOf(path: KeyPath): Span | undefined {
    return this.#places.get(JSON.stringify(path))?.value;
  }

  /** The offset behind which a table may get another key; undefined where the source opens no such table. */
  endOf(table: KeyPath): number | undefined {
    return this.#ends.get(JSON.stringify(table));
  }

  /** 1-based line of a key, undefined where it was not found. */
  lineOf(path: KeyPath): number | undefined {
    return this.#places.get(JSON.stringify(path))?.line;
  }

  /** Every integer of the source with its path. */
  *integers(): Iterable<readonly [KeyPath, bigint]> {
    for (const [path, { integer }] of this.#places) {
      if (integer !== undefined) yield [JSON.parse(path) as KeyPath, integer];
    }
  }

  #header(): KeyPath {
    const line = this.#next()?.line ?? 0;
    const isArray = this.#is('[');
    if (isArray) this.#at++;
    const names = this.#key(']');
    while (this.#at < this.#tokens.length && !this.#is('newline')) this.#at++;
    let path: KeyPath = [];
    for (const [depth, name] of names.entries()) {
      path = [...path, name];
      const id = JSON.stringify(path);
      const last = this.#lastIndex.get(id);
      if (isArray && depth === names.length - 1) {
        const index = last === undefined ? 0 : last + 1;
        this.#lastIndex.set(id, index);
        if (index === 0) this.#place(path, { line, integer: undefined, value: undefined });
        path = [...path, index];
      } else if (last !== undefined) path = [...path, last];
    }
    this.#place(path, { line, integer: undefined, value: undefined });
    return path;
  }

  /** `a.b."c" = value`, up to the end of the value. */
  #keyValue(table: KeyPath, depth: number): void {
    const line = this.#tokens[this.#at]?.line ?? 0;
    const path = [...table, ...this.#key('=')];
    this.#value(path, line, depth);
  }

  #key(end: '=' | ']'): string[] {
    const names: string[] = [];
    for (let token = this.#next(); token !== undefined && token.kind !== end; token = this.#next()) {
      if (token.kind === 'string') names.push(token.text);
      // A bare key may hold dots: `a.b.c` is one token.
      else if (token.kind === 'bare') names.push(...token.text.split('.').filter((name) => name !== ''));
    }
    return names;
  }

  #value(path: KeyPath, line: number, depth: number): void {
    const token = this.#next();
    const integer = token?.kind === 'bare' ? exactInteger(token.text) : undefined;
    const isScalar = token?.kind === 'bare' || token?.kind === 'string';
    this.#place(path, {
      line,
      integer,
      value: isScalar ? { start: token.start, end: token.end } : undefined,
    });
    if (token?.kind === '[') this.#items(']', depth, (index) => this.#element([...path, index], depth + 1));
    else if (token?.kind === '{') this.#items('}', depth, () => this.#keyValue(path, depth + 1));
  }

  #element(path: KeyPath, depth: number): void {
    this.#value(path, this.#tokens[this.#at]?.line ?? 0, depth);
  }

  #items(end: ']' | '}', depth: number, readItem: (index: number) => void): void {
    if (depth >= MAX_DEPTH) {
      this.#skipBrackets();
      return;
    }
    for (let index = 0; this.#at < this.#tokens.length; ) {
      if (this.#is(end)) {
        this.#at++;
        return;
      }
      if (this.#is('newline') || this.#is(',')) this.#at++;
      else readItem(index++);
    }
  }

  #skipBrackets(): void {
    for (let open = 1; open > 0 && this.#at < this.#tokens.length; this.#at++) {
      if (this.#is('[') || this.#is('{')) open++;
      else if (this.#is(']') || this.#is('}')) open--;
    }
  }

  #place(path: KeyPath, place: KeyPlace): void {
    this.#places.set(JSON.stringify(path), place);
  }

  #is(kind: Token['kind']): boolean {
    return this.#tokens[this.#at]?.kind === kind;
  }

  #next(): Token | undefined {
    return this.#tokens[this.#at++];
  }
}

function exactInteger(text: string): bigint | undefined {
  const match = /^([+-]?)(0x[0-9a-f_]+|0o[0-7_]+|0b[01_]+|[0-9][0-9_]*)$/i.exec(text);
  if (match?.[2] === undefined) return undefined;
  const size = BigInt(match[2].replaceAll('_', ''));
  return match[1] === '-' ? -size : size;
}
