import { type CallHead, readCallHead } from './call-head.js';
import { JsonEnd } from './json-end.js';

/** What an answer is made of. Arguments are JSON text as the model wrote it, and come in pieces. */
export type AnswerPart =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'call'; readonly call: number; readonly name: string }
  | { readonly kind: 'arguments'; readonly call: number; readonly json: string };

/** Marks that stand before calls: of Hermes and Qwen, of Mistral, of Llama 3. */
const HERMES = '<tool_call>';
const HERMES_END = '</tool_call>';
const MARKS = [HERMES, '[TOOL_CALLS]', '<|python_tag|>'] as const;

type State = 'text' | 'head' | 'arguments' | 'after';

/**
 * Tells the calls in an answer from its text, while it is written. Understood are `<tool_call>{…}</tool_call>`,
 * `[TOOL_CALLS] [{…}, …]`, `[TOOL_CALLS]name[ARGS]{…}`, and an answer that begins with
 * `{"name":…,"parameters":…}` or a list of such, each call's JSON with `arguments` or `parameters`. What may still
 * become a call is held back; what names no known function is text.
 */
export class CallParser {
  readonly #names: ReadonlySet<string>;
  readonly #parallel: boolean;
  #state: State = 'text';
  #held = '';
  /** What was taken away before the head of a call, which comes back where it is none. */
  #opening = '';
  /** Text came since the beginning or the last call: from there on, calls need a mark. */
  #hasText = false;
  #calls = 0;
  #json = new JsonEnd();
  #head: CallHead | undefined;

  /** @param options.parallel false drops all calls after the first */
  constructor(options: { readonly names: readonly string[]; readonly parallel: boolean }) {
    this.#names = new Set(options.names);
    this.#parallel = options.parallel;
  }

  /** Calls so far. */
  get calls(): number {
    return this.#calls;
  }

  push(text: string): readonly AnswerPart[] {
    this.#held += text;
    const parts: AnswerPart[] = [];
    while (this.#step(parts));
    return this.#isOver() ? parts.filter((part) => part.kind !== 'text') : parts;
  }

  /** The answer is over: what was held back is text. */
  end(): readonly AnswerPart[] {
    const rest = this.#opening + this.#held;
    const { length } = rest.trim();
    this.#held = '';
    this.#opening = '';
    const isPart = this.#state === 'text' || this.#state === 'head';
    if (!isPart || this.#isOver() || (length === 0 && this.#calls > 0) || rest === '') return [];
    return [{ kind: 'text', text: rest }];
  }

  #isOver(): boolean {
    return this.#calls > 0 && !this.#parallel && (this.#state === 'text' || this.#state === 'head');
  }

  /** @returns whether something was done, so that more may be */
  #step(parts: AnswerPart[]): boolean {
    if (this.#held === '') return false;
    if (this.#state === 'text') return this.#text(parts);
    if (this.#state === 'head') return this.#readHead(parts);
    return this.#state === 'arguments' ? this.#readArguments(parts) : this.#after();
  }

  #text(parts: AnswerPart[]): boolean {
    const held = this.#held;
    if (!this.#hasText) {
      const start = held.trimStart();
      if (start === '') return false;
      if (/^(?:\{|\[\s*\{)/.test(start)) return this.#open(held.length - start.length, parts, '');
      if (/^\[\s*$/.test(start)) return false;
    }
    const marks = MARKS.map((mark) => ({ mark, at: held.indexOf(mark) })).filter(({ at }) => at >= 0);
    const first = marks.sort((one, other) => one.at - other.at)[0];
    if (first !== undefined) return this.#open(first.at, parts, first.mark);
    this.#emitText(held.slice(0, held.length - possibleMark(held)), parts);
    return false;
  }

  /** A call may begin after a mark. */
  #open(at: number, parts: AnswerPart[], mark: string): boolean {
    const before = this.#held.slice(0, at);
    if (before.trim() === '') this.#opening = before;
    else {
      this.#emitText(before, parts);
      this.#held = mark + this.#held.slice(at + mark.length);
    }
    const from = before.trim() === '' ? at : 0;
    this.#opening += mark;
    this.#held = this.#held.slice(from + mark.length);
    this.#state = 'head';
    return true;
  }

  #readHead(parts: AnswerPart[]): boolean {
    this.#dropListStart();
    const isMarked = MARKS.some((mark) => this.#opening.includes(mark));
    const head = readCallHead(this.#held, isMarked);
    if (head === undefined) return false;
    if (head === false || !this.#names.has(head.name)) return this.#isNoCall(parts);
    this.#begin(head, parts);
    return true;
  }

  /** The calls of a list stand between brackets. */
  #dropListStart(): void {
    const list = /^\s*\[/.exec(this.#held)?.[0];
    if (list === undefined) return;
    this.#opening += list;
    this.#held = this.#held.slice(list.length);
  }

  #isNoCall(parts: AnswerPart[]): boolean {
    const opening = this.#opening;
    this.#opening = '';
    this.#state = 'text';
    // The mark must not be looked at again.
    this.#hasText = true;
    if (opening !== '') parts.push({ kind: 'text', text: opening });
    return true;
  }

  #begin(head: CallHead, parts: AnswerPart[]): void {
    this.#held = this.#held.slice(head.length);
    this.#head = head;
    this.#state = 'arguments';
    this.#json = new JsonEnd();
    const call = this.#calls++;
    if (call > 0 && !this.#parallel) return;
    parts.push({ kind: 'call', call, name: head.name });
  }

  #readArguments(parts: AnswerPart[]): boolean {
    const { whole } = this.#head ?? {};
    if (whole !== undefined) {
      this.#emitArguments(whole, parts);
      this.#state = 'after';
      return true;
    }
    // A string of JSON, as some models write it, can be read when it is whole only.
    const isString = this.#held.startsWith('"');
    if (isString) this.#json = new JsonEnd();
    const { length, ended } = this.#json.take(this.#held);
    if (isString && !ended) return false;
    const json = this.#held.slice(0, length);
    this.#held = this.#held.slice(length);
    this.#emitArguments(isString ? unquoted(json) : json, parts);
    if (ended) this.#state = 'after';
    return ended;
  }

  /** What closes a call, and whether another one follows at once. */
  #after(): boolean {
    const isList = this.#opening.trimEnd().endsWith('[');
    const closing = this.#head?.isObject ? /^\s*\}/ : /^/;
    const next = isList ? /^\s*[,\]]/ : this.#opening.includes(HERMES) ? /^\s*<\/tool_call>/ : /^\s*;?/;
    const rest = this.#held.replace(closing, '');
    if (rest === this.#held && this.#head?.isObject && this.#held.trim() === '') return false;
    const mark = next.exec(rest)?.[0];
    const word = isList ? ',' : this.#opening.includes(HERMES) ? HERMES_END : '';
    if (mark === undefined && word.startsWith(rest.trim())) return false;
    this.#held = rest.slice(mark?.length ?? 0);
    const goesOn = isList && mark?.trim() === ',';
    if (!goesOn) {
      this.#opening = '';
      this.#hasText = false;
    }
    this.#state = goesOn ? 'head' : 'text';
    return true;
  }

  #emitText(text: string, parts: AnswerPart[]): void {
    this.#held = this.#held.slice(text.length);
    if (text === '') return;
    this.#hasText = true;
    parts.push({ kind: 'text', text });
  }

  #emitArguments(json: string, parts: AnswerPart[]): void {
    const call = this.#calls - 1;
    if (json === '' || (call > 0 && !this.#parallel)) return;
    parts.push({ kind: 'arguments', call, json });
  }
}

/** Characters at the end of a text that may be the beginning of a mark. */
function possibleMark(text: string): number {
  const longest = Math.max(...MARKS.map((mark) => mark.length)) - 1;
  for (let length = Math.min(longest, text.length); length > 0; length--) {
    const end = text.slice(-length);
    if (MARKS.some((mark) => mark.startsWith(end))) return length;
  }
  return 0;
}

function unquoted(json: string): string {
  try {
    return String(JSON.parse(json));
  } catch {
    return json;
  }
}
