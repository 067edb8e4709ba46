import fc from 'fast-check';
import t from 'tap';
import { KeyLines } from '#src/config/key-lines.js';

const SOURCE = `# a = 1
a = 1 # b = 2
"quoted key" = 'x'
long = """
c = 3 \\"""
[d]
""" # """
literal = '''
e = 4'''
array = [
  [1, "two", ], # [3]
  { inner = 5, other = [
    6] },
]
dotted.'x.y'.z = 0x7F

[table] # [x]
key = -9_223
[[list]]
n = 1
[list.sub]
m = 2
[[list]]
n = 18446744073709551615
[a-b."c d"]
last = "no newline at the end"`;

t.test('keys and elements are found on their lines, whatever strings and comments hold', (t) => {
  const lines = new KeyLines(SOURCE);
  const expected: readonly (readonly [readonly (string | number)[], number | undefined])[] = [
    [['a'], 2],
    [['b'], undefined],
    [['quoted key'], 3],
    [['long'], 4],
    [['c'], undefined],
    [['d'], undefined],
    [['literal'], 8],
    [['e'], undefined],
    [['array', 0], 11],
    [['array', 0, 1], 11],
    [['array', 0, 2], undefined],
    [['array', 1, 'inner'], 12],
    [['array', 1, 'other', 0], 13],
    [['dotted', 'x.y', 'z'], 15],
    [['table'], 17],
    [['table', 'key'], 18],
    [['list'], 19],
    [['list', 0, 'n'], 20],
    [['list', 0, 'sub', 'm'], 22],
    [['list', 1, 'n'], 24],
    [['a-b', 'c d', 'last'], 26],
  ];
  for (const [path, line] of expected) t.equal(lines.lineOf(path), line, JSON.stringify(path));
  const integers = Object.fromEntries([...lines.integers()].map(([path, value]) => [path.join('.'), value]));
  t.match(integers, {
    a: 1n,
    'array.0.0': 1n,
    'array.1.inner': 5n,
    'array.1.other.0': 6n,
    'table.key': -9223n,
    'list.0.n': 1n,
    'list.1.n': 18446744073709551615n,
  });
  t.end();
});

t.test('any text at all is scanned to its end', (t) => {
  const piece = fc.constantFrom(
    '[',
    ']',
    '{',
    '}',
    '=',
    '"',
    "'",
    '"""',
    '\n',
    '#',
    'a',
    '.',
    '1',
    '\\',
    ',',
    ' ',
    '\r',
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
      new KeyLines(pieces.join(''));
    }),
  );
  new KeyLines('['.repeat(200_000));
  new KeyLines(`a = ${'['.repeat(200_000)}`);
  t.pass('no input hangs or overflows the stack');
  t.end();
});
