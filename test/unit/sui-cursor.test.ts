import fc from 'fast-check';
import t from 'tap';
import { formatCursor, parseCursor } from '#src/chain/sui/cursor.js';

const scope = { chainId: 'chain-a', packageId: '0xa' };

t.test('a cursor comes back as it was', async () => {
  const positions = fc.record({
    cursor: fc.uint8Array({ minLength: 1, maxLength: 64 }),
    checkpoint: fc.option(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), { nil: undefined }),
  });
  fc.assert(
    fc.property(positions, (position) => {
      const back = parseCursor(scope, formatCursor(scope, position));
      return Buffer.compare(back.cursor, position.cursor) === 0 && back.checkpoint === position.checkpoint;
    }),
  );
});

t.test('a cursor of another chain or package is refused, naming both', async (t) => {
  const text = formatCursor(scope, { cursor: Uint8Array.of(1), checkpoint: undefined });
  t.throws(() => parseCursor({ ...scope, chainId: 'chain-b' }, text), {
    code: 'foreign_cursor',
    message: /chain chain-a.*chain chain-b/,
  });
  t.throws(() => parseCursor({ ...scope, packageId: '0xb' }, text), {
    code: 'foreign_cursor',
    message: /package 0xa.*package 0xb/,
  });
});

t.test('any other text is refused, not misread', async () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.json().map((json) => Buffer.from(json).toString('base64url')),
      ),
      (text) => {
        try {
          parseCursor(scope, text);
          return false;
        } catch (error) {
          return error instanceof Error && 'code' in error && error.code === 'invalid_cursor';
        }
      },
    ),
  );
});
