import { execFileSync, spawnSync } from 'node:child_process';
import fc from 'fast-check';
import t from 'tap';
import { commitmentLeaf, commitmentRoot } from '#src/chain/index.js';
import { FrameLog } from '#src/node/frame-log.js';

/** The blake2b of GNU coreutils: another program, by other people, in another language. */
const B2SUM = ['b2sum', '-l', '256'] as const;
const isMissing = spawnSync(B2SUM[0], ['--version']).error !== undefined;
const skip = isMissing && 'there is no b2sum here (GNU coreutils)';

function b2sum(data: Uint8Array): Buffer {
  const [program, ...args] = B2SUM;
  const [digits = ''] = execFileSync(program, args, { input: data, encoding: 'utf8' }).split(' ');
  return Buffer.from(digits, 'hex');
}

/** As PROTOCOL words it: leaf(k) = H(data ‖ u64_le(k)), root = H(leaf(0) ‖ … ‖ leaf(n-1)). */
function leaf(data: Uint8Array, index: number): Buffer {
  const position = Buffer.alloc(8);
  position.writeBigUInt64LE(BigInt(index));
  return b2sum(Buffer.concat([data, position]));
}

t.test('leaf and root are those that b2sum computes', { skip }, async (t) => {
  const text = fc.string({ unit: 'grapheme', maxLength: 400 });
  const some = fc.record({ text, chunks: fc.integer({ min: 1, max: 11 }), at: fc.nat() });
  fc.assert(
    fc.property(some, ({ text, chunks, at }) => {
      const data = new TextEncoder().encode(text);
      const leaves = Array.from({ length: chunks }, (_, index) => leaf(data, index));
      const index = at % chunks;
      return (
        leaves[index]?.equals(commitmentLeaf(data, BigInt(index))) === true &&
        b2sum(Buffer.concat(leaves)).equals(commitmentRoot(data, BigInt(chunks)))
      );
    }),
    { numRuns: 12 },
  );
  t.pass('for random texts and chunk counts');
});

t.test('the running hash of a stream is the one of its bytes', { skip }, async (t) => {
  const log = new FrameLog();
  t.equal(log.hash(), b2sum(Buffer.alloc(0)).toString('hex'));
  for (const [index, text] of ['Zürich ', '', '🙂', ' 漢\u0000'].entries()) {
    log.write({ index, text, tokens: [index] });
    t.equal(
      log.hash(),
      b2sum(Buffer.from(['Zürich ', '', '🙂', ' 漢\u0000'].slice(0, index + 1).join(''))).toString('hex'),
    );
  }
});
