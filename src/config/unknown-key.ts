import { closest } from 'fastest-levenshtein';
import { z } from 'zod';

/**
 * A table that refuses keys it does not know. The message of such an issue has one line for each of its
 * `keys`, in their order.
 */
export function table<Shape extends z.core.$ZodLooseShape>(shape: Shape) {
  const known = Object.keys(shape);
  return z.strictObject(shape, {
    error: (issue) => {
      if (issue.code !== 'unrecognized_keys') return 'a table';
      return issue.keys.map((key) => unknownKeyText(key, known)).join('\n');
    },
  });
}

function unknownKeyText(key: string, known: readonly string[]): string {
  const others = known.map((name) => `"${name}"`).join(', ');
  return `unknown key, the nearest known one is "${closest(key, known)}" (known here: ${others})`;
}
