import { JsonEnd } from './json-end.js';

/** The beginning of a call, up to its arguments. */
export interface CallHead {
  readonly name: string;
  /** How much text it takes. */
  readonly length: number;
  /** The arguments are the rest of an object, whose `}` comes after them. */
  readonly isObject: boolean;
  /** The whole call was read, with these arguments. */
  readonly whole?: string;
}

const OBJECT_HEAD =
  /^\s*\{\s*(?:"type"\s*:\s*"function"\s*,\s*)?"name"\s*:\s*("(?:[^"\\]|\\.)*")\s*,\s*"(?:arguments|parameters)"\s*:\s*(?=["{])/;

/** `name[ARGS]{…}` and `name{…}`, as Mistral's later models write it. */
const NAME_HEAD = /^\s*([A-Za-z0-9_-]+)\s*(?:\[CALL_ID\][A-Za-z0-9]+)?(?:\[ARGS\])?\s*(?=\{)/;
const NAME_BEGINNING = /^\s*[A-Za-z0-9_-]*\s*(?:\[[A-Z_]*\]?[A-Za-z0-9]*)*\s*$/;

/** How a call may begin that no mark stands before, without blanks. */
const BARE_BEGINNINGS = ['{"name":', '{"type":"function"', '{"arguments":', '{"parameters":'];
/** Of text that is looked at for it: more blanks than that no model puts between the first keys. */
const BARE_WINDOW = 200;

/**
 * Reads the beginning of a call.
 * @returns undefined where more text is needed to tell, false where it is none
 */
export function readCallHead(text: string, isMarked: boolean): CallHead | undefined | false {
  if (text.trimStart() === '') return undefined;
  if (!text.trimStart().startsWith('{')) return isMarked ? nameHead(text) : false;
  const match = OBJECT_HEAD.exec(text);
  if (match !== null) {
    return { name: String(JSON.parse(match[1] ?? '""')), length: match[0].length, isObject: true };
  }
  if (!isMarked && !mayBegin(text)) return false;
  return wholeCall(text);
}

function nameHead(text: string): CallHead | undefined | false {
  const match = NAME_HEAD.exec(text);
  if (match !== null) return { name: match[1] ?? '', length: match[0].length, isObject: false };
  return NAME_BEGINNING.test(text) ? undefined : false;
}

function mayBegin(text: string): boolean {
  const compact = text.slice(0, BARE_WINDOW).replace(/\s+/g, '');
  return BARE_BEGINNINGS.some((each) => each.startsWith(compact) || compact.startsWith(each));
}

/** A call with its members in another order can be read once it is whole. */
function wholeCall(text: string): CallHead | undefined | false {
  const start = text.length - text.trimStart().length;
  const { length, ended } = new JsonEnd().take(text.slice(start));
  if (!ended) return undefined;
  const call = parseObject(text.slice(start, start + length));
  const name = call?.['name'];
  if (typeof name !== 'string') return false;
  const given = call?.['arguments'] ?? call?.['parameters'] ?? {};
  const whole = typeof given === 'string' ? given : JSON.stringify(given);
  return { name, length: start + length, isObject: false, whole };
}

function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
