import { styleText } from 'node:util';
import type { CheckResult, CheckStatus } from '../node/index.js';

const MARKS: Readonly<Record<CheckStatus, string>> = { ok: '✓', warn: '!', fail: '✗', skip: '-' };
const COLOURS = { ok: 'green', warn: 'yellow', fail: 'red', skip: 'gray' } as const;
const WORDS: Readonly<Record<CheckStatus, string>> = {
  ok: 'ok',
  warn: 'to look at',
  fail: 'wrong',
  skip: 'not checked',
};

/** How many results there are of each status. */
export function countOf(results: readonly CheckResult[]): Readonly<Record<CheckStatus, number>> {
  const counts: Record<CheckStatus, number> = { ok: 0, warn: 0, fail: 0, skip: 0 };
  for (const { status } of results) counts[status]++;
  return counts;
}

/**
 * The results as a page: by area, each with its remedy below it, and a summary.
 * @param colours whether it is for a terminal that shows them
 */
export function doctorPage(results: readonly CheckResult[], colours: boolean): string {
  const paint = (style: Parameters<typeof styleText>[0], text: string): string =>
    colours ? styleText(style, text) : text;
  const width = Math.max(0, ...results.map(({ name }) => name.length));
  const lines: string[] = [];
  let area: string | undefined;
  for (const result of results) {
    if (result.area !== area) {
      area = result.area;
      lines.push(...(lines.length === 0 ? [] : ['']), paint('bold', area));
    }
    const { status, name, found, remedy } = result;
    lines.push(`  ${paint(COLOURS[status], MARKS[status])} ${name.padEnd(width)}  ${found}`);
    if (remedy !== undefined) lines.push(`    ${''.padEnd(width)}  ${paint('cyan', `→ ${remedy}`)}`);
  }
  return `${[...lines, '', summary(results)].join('\n')}\n`;
}

function summary(results: readonly CheckResult[]): string {
  const counts = countOf(results);
  const parts = Object.entries(WORDS).flatMap(([status, word]) => {
    const count = counts[status as CheckStatus];
    return count === 0 ? [] : [`${count} ${word}`];
  });
  const verdict = counts.fail > 0 ? ' A node could not work like this.' : '';
  return `${results.length} checks: ${parts.join(', ')}.${verdict}`;
}
