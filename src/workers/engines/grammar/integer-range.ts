/** Digits that a double still holds exactly. */
const LARGEST = Number.MAX_SAFE_INTEGER;
/** As many digits as a double tells apart, mostly. */
const FRACTION = '"." [0-9]{1,16}';

/** Whole numbers from `min` to `max`, both included, in GBNF; undefined where there is none. */
export function integerRange(min: number, max: number): string | undefined {
  const [low, high] = [Math.max(Math.ceil(min), -LARGEST), Math.min(Math.floor(max), LARGEST)];
  if (low > high) return undefined;
  const alternatives: string[] = [];
  if (low < 0) alternatives.push(`"-" ( ${digits(Math.max(1, -high), -low)} )`);
  if (high >= 0) alternatives.push(digits(Math.max(0, low), high));
  return alternatives.join(' | ');
}

/**
 * Numbers between two whole ones, both included, in GBNF, with a fraction or without; undefined where there is none.
 * No exponents: bounds are bounds of digits.
 */
export function numberRange(low: number, high: number): string | undefined {
  const whole = integerRange(low, high);
  if (whole === undefined) return undefined;
  const alternatives = [whole];
  // A fraction reaches up to the next whole number, which has to be within the bounds, too.
  const above = integerRange(Math.max(0, low), high - 1);
  if (above !== undefined) alternatives.push(`( ${above} ) ${FRACTION}`);
  const below = integerRange(Math.max(0, -high), -low - 1);
  if (below !== undefined) alternatives.push(`"-" ( ${below} ) ${FRACTION}`);
  return alternatives.join(' | ');
}

/** The same for numbers that are not negative: one alternative for each length. */
function digits(low: number, high: number): string {
  const alternatives: string[] = [];
  for (let length = String(low).length; length <= String(high).length; length++) {
    const first = length === 1 ? 0 : 10 ** (length - 1);
    const from = String(Math.max(low, first));
    const to = String(length === String(high).length ? high : 10 ** length - 1);
    alternatives.push(between(from, to));
  }
  return alternatives.join(' | ');
}

/** Texts of digits from one to another of the same length. */
function between(from: string, to: string): string {
  if (from === to) return `"${from}"`;
  const [first, last] = [Number(from[0]), Number(to[0])];
  const [low, high] = [from.slice(1), to.slice(1)];
  if (/^0*$/.test(low) && /^9*$/.test(high)) return `${oneOf(first, last)}${any(low.length)}`;
  if (first === last) return `"${first}" ( ${between(low, high)} )`;
  const parts = [`"${first}" ( ${between(low, '9'.repeat(low.length))} )`];
  if (last - first > 1) parts.push(`${oneOf(first + 1, last - 1)}${any(low.length)}`);
  parts.push(`"${last}" ( ${between('0'.repeat(high.length), high)} )`);
  return parts.join(' | ');
}

function oneOf(first: number, last: number): string {
  return first === last ? `"${first}"` : `[${first}-${last}]`;
}

function any(count: number): string {
  return count === 0 ? '' : ` [0-9]{${count}}`;
}
