import fc from 'fast-check';
import t from 'tap';
import { stopTexts } from '#src/workers/engines/answer/stop-texts.js';

/** Few letters, so that stop texts come up, overlap and begin within each other; one of two UTF-16 units. */
const letters = fc.constantFrom('a', 'b', 'c', '😀', '😁');
const texts = (maxLength: number): fc.Arbitrary<string> =>
  fc.array(letters, { maxLength }).map((characters) => characters.join(''));
const pieces = fc.array(texts(4), { maxLength: 20 });
const stops = fc.array(texts(4), { minLength: 1, maxLength: 4 });

/** What a stream shows of these pieces, piece by piece. */
function stream(given: readonly string[], ends: readonly string[]) {
  const scanner = stopTexts(ends);
  const shown: string[] = [];
  for (const piece of given) {
    shown.push(scanner === undefined ? piece : scanner.push(piece));
    if (scanner?.found !== undefined) break;
  }
  shown.push(scanner?.end('') ?? '');
  return { shown, found: scanner?.found };
}

/** The plain way: the text is read character by character until it ends with a stop text. */
function expected(text: string, ends: readonly string[]): { text: string; found: string | undefined } {
  for (let end = 1; end <= text.length; end++) {
    const read = text.slice(0, end);
    const found = ends
      .filter((stop) => stop !== '' && read.endsWith(stop))
      .sort((one, other) => other.length - one.length)[0];
    if (found !== undefined) return { text: read.slice(0, -found.length), found };
  }
  return { text, found: undefined };
}

t.test('an answer ends before the first stop text, however it is cut into pieces', async () => {
  fc.assert(
    fc.property(pieces, stops, (given, ends) => {
      const { shown, found } = stream(given, ends);
      const wanted = expected(given.join(''), ends);
      return shown.join('') === wanted.text && found === wanted.found;
    }),
    { numRuns: 3000 },
  );
});

t.test('no half of a character is shown, and what is shown is never taken back', async () => {
  fc.assert(
    fc.property(pieces, stops, (given, ends) => {
      const wanted = expected(given.join(''), ends).text;
      let soFar = '';
      for (const piece of stream(given, ends).shown) {
        soFar += piece;
        if (!wanted.startsWith(soFar) || Buffer.from(piece).toString() !== piece) return false;
      }
      return true;
    }),
    { numRuns: 1000 },
  );
});

t.test('text comes as soon as it is certain', async (t) => {
  t.same(stream(['Hi', ' a', 'b', 'x'], ['ab\n']).shown, ['Hi', ' ', '', 'abx', '']);
  t.same(stream(['a', 'b', 'c'], ['abc']), { shown: ['', '', '', ''], found: 'abc' });
  t.same(stream(['ab'], ['abc']).shown, ['', 'ab'], 'what was only the beginning of one, at the end');
  t.same(
    stream(['abcd'], ['abcd', 'bc']),
    { shown: ['a', ''], found: 'bc' },
    'the one that is complete first',
  );
});

t.test('no stop texts, or empty ones, hold nothing back', async (t) => {
  t.equal(stopTexts(undefined), undefined);
  t.equal(stopTexts([]), undefined);
  t.equal(stopTexts(['']), undefined);
});
