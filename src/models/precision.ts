/** Other names of the same precision. */
const SYNONYMS: Readonly<Record<string, string>> = { fp16: 'f16', fp32: 'f32' };

/** Words for precisions as GGUF files carry them: `F16`, `BF16`, `Q8_0`, `Q4_K_M`, `IQ2_XXS`, `TQ1_0`, `MXFP4`. */
const PRECISION =
  /(?<![a-z0-9])(?:b?f16|fp16|fp?32|mxfp4|nvfp4|(?:iq|tq|q)\d(?:_(?:k|[01])(?:_(?:xxs|xs|s|m|l|xl|xxl))?|_(?:xxs|xs|s|m|nl|l|xl))?)(?![a-z0-9])/g;

/** A precision in the one form that they are compared in. */
export function normalizedPrecision(precision: string): string {
  const lower = precision.trim().toLowerCase();
  return SYNONYMS[lower] ?? lower;
}

/**
 * Whether a file's path names the precision as a whole word: in its own name or, where that names none, in the
 * names of its folders. `q4_k` is not in `model-Q4_K_M.gguf`.
 * @param path with slashes, `Q8_0/model-00001-of-00002.gguf`
 */
export function namesPrecision(path: string, precision: string): boolean {
  const parts = path.toLowerCase().split('/');
  const own = parts.pop() ?? '';
  const wanted = normalizedPrecision(precision);
  if (precisionsIn(own).length > 0) return hasWord(own, wanted);
  return hasWord(own, wanted) || parts.some((folder) => hasWord(folder, wanted));
}

function precisionsIn(name: string): readonly string[] {
  return name.match(PRECISION) ?? [];
}

/** An underscore may stand before a precision, but not after it: there it goes on, as `q4_k` does in `q4_k_m`. */
function hasWord(name: string, wanted: string): boolean {
  const spellings = [wanted, ...Object.keys(SYNONYMS).filter((other) => SYNONYMS[other] === wanted)];
  const stem = name.replace(/\.gguf$/, '');
  return spellings.some((spelling) =>
    new RegExp(`(?<![a-z0-9])${escaped(spelling)}(?![a-z0-9_])`).test(stem),
  );
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&');
}
