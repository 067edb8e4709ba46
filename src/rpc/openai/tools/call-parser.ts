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

type State = 'text' | 'head' | 'arguments' | 'closing' | 'between';

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
  /** The one that stands before the calls being read; '' for none. */
  #mark = '';
  /** They stand in brackets. */
  #isList = false;
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
    return parts;
  }

  /** The answer is over: what was held back is text. */
  end(): readonly AnswerPart[] {
    const mayBeText = this.#state === 'text' || this.#state === 'head';
    const rest = mayBeText ? this.#opening + this.#held : '';
    this.#opening = '';
    this.#held = '';
    if (rest === '' || this.#dropsText() || (this.#calls > 0 && rest.trim() === '')) return [];
    return [{ kind: 'text', text: rest }];
  }

  /** Of an answer that is to hold one call, nothing behind it counts. */
  #dropsText(): boolean {
    return this.#calls > 0 && !this.#parallel;
  }

  /** @returns whether something was done, so that more may be */
  #step(parts: AnswerPart[]): boolean {
    if (this.#held === '') return false;
    switch (this.#state) {
      case 'text':
        return this.#readText(parts);
      case 'head':
        return this.#readHead(parts);
      case 'arguments':
        return this.#readArguments(parts);
      case 'closing':
        return this.#readClosing();
      case 'between':
        return this.#readBetween();
    }
  }

  #readText(parts: AnswerPart[]): boolean {
    const held = this.#held;
    if (!this.#hasText) {
      const start = held.trimStart();
      if (/^(?:\[\s*)?$/.test(start)) return false;
      if (/^(?:\[\s*)?\{/.test(start)) return this.#open(held.length - start.length, '', parts);
    }
    const first = firstMark(held);
    if (first !== undefined) return this.#open(first.at, first.mark, parts);
    const text = held.slice(0, held.length - possibleMark(held));
    if (this.#hasText || text.trim() !== '') this.#emitText(text, parts);
    return false;
  }

  /** A call may begin behind a mark. Blanks before it are not sent: a message of calls has no text. */
  #open(at: number, mark: string, parts: AnswerPart[]): boolean {
    const before = this.#held.slice(0, at);
    const isBlank = !this.#hasText && before.trim() === '';
    if (!isBlank) this.#emitText(before, parts);
    this.#opening = (isBlank ? before : '') + mark;
    this.#held = this.#held.slice(this.#opening.length);
    this.#mark = mark;
    this.#isList = false;
    this.#state = 'head';
    return true;
  }

  #readHead(parts: AnswerPart[]): boolean {
    const list = this.#isList ? undefined : /^\s*\[/.exec(this.#held)?.[0];
    if (list !== undefined) {
      this.#isList = true;
      this.#opening += list;
      this.#held = this.#held.slice(list.length);
    }
    const head = readCallHead(this.#held, this.#mark !== '');
    if (head === undefined) return false;
    if (head === false || !this.#names.has(head.name)) this.#leaveCall(parts);
    else this.#begin(head, parts);
    return true;
  }

  /** What looked like a call is text, its mark too. */
  #leaveCall(parts: AnswerPart[]): void {
    if (this.#opening !== '' && !this.#dropsText()) parts.push({ kind: 'text', text: this.#opening });
    this.#opening = '';
    this.#hasText = true;
    this.#state = 'text';
  }

  #begin(head: CallHead, parts: AnswerPart[]): void {
    this.#held = this.#held.slice(head.length);
    this.#opening = '';
    this.#head = head;
    this.#json = new JsonEnd();
    const call = this.#calls++;
    if (call === 0 || this.#parallel) parts.push({ kind: 'call', call, name: head.name });
    if (head.whole !== undefined) this.#emitArguments(head.whole, parts);
    this.#state = head.whole === undefined ? 'arguments' : 'between';
  }

  #readArguments(parts: AnswerPart[]): boolean {
    // A string of JSON, as some models write it, can be read when it is whole only.
    const isString = this.#held.startsWith('"') && this.#json.isNew;
    const json = isString ? new JsonEnd() : this.#json;
    const { length, ended } = json.take(this.#held);
    if (isString && !ended) return false;
    const value = this.#held.slice(0, length);
    this.#held = this.#held.slice(length);
    this.#emitArguments(isString ? unquoted(value) : value, parts);
    if (ended) this.#state = this.#head?.isObject ? 'closing' : 'between';
    return ended;
  }

  /** The object of a call ends after its arguments. */
  #readClosing(): boolean {
    const rest = this.#held.trimStart();
    if (rest === '') return false;
    if (rest.startsWith('}')) this.#held = rest.slice(1);
    this.#state = 'between';
    return true;
  }

  /** What stands behind a call: the next one in its list, the end of the list, a mark or nothing. */
  #readBetween(): boolean {
    const rest = this.#held.trimStart();
    if (this.#isList && rest === '') return false;
    const goesOn = this.#isList && rest.startsWith(',');
    const end = goesOn ? ',' : this.#isList ? ']' : this.#mark === HERMES ? HERMES_END : ';';
    if (rest !== end && end.startsWith(rest)) return false;
    if (rest.startsWith(end)) this.#held = rest.slice(end.length);
    this.#hasText = false;
    this.#state = goesOn ? 'head' : 'text';
    return true;
  }

  #emitText(text: string, parts: AnswerPart[]): void {
    this.#held = this.#held.slice(text.length);
    if (text === '') return;
    this.#hasText = true;
    if (!this.#dropsText()) parts.push({ kind: 'text', text });
  }

  #emitArguments(json: string, parts: AnswerPart[]): void {
    const call = this.#calls - 1;
    if (json === '' || (call > 0 && !this.#parallel)) return;
    parts.push({ kind: 'arguments', call, json });
  }
}

function firstMark(text: string): { readonly mark: string; readonly at: number } | undefined {
  const found = MARKS.map((mark) => ({ mark, at: text.indexOf(mark) })).filter(({ at }) => at >= 0);
  return found.sort((one, other) => one.at - other.at)[0];
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
