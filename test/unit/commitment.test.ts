import { blake2b } from '@noble/hashes/blake2.js';
import fc from 'fast-check';
import t from 'tap';
import { commitmentLeaf, commitmentRoot, MAX_CHUNKS } from '#src/chain/index.js';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const text = (value: string): Uint8Array => Buffer.from(value, 'utf8');

/** The vectors that the contract's settlement was checked with. */
const VECTORS = [
  {
    index: 0n,
    chunks: 1n,
    root: '86c329ea02f24b7ac16b009eebfbdf1f7491f70119b2705bc1b6ef118ed17531',
    leaf: '5f54187a599ea0dd8ec06a3b3011503ffdc2f95f6484db33779c50987e436e8a',
  },
  {
    index: 2n,
    chunks: 3n,
    root: '815448441fafe86866ca32713f34ae6add4730fd362b8caa669d7e096154e0a0',
    leaf: '2d5438f1881b616c824252c8b7a08debb70a4b764deeeac5bc6be4565dd4125f',
  },
];

for (const { index, chunks, root, leaf } of VECTORS) {
  t.test(`"hello world", leaf ${index} of ${chunks}, has the contract's root and leaf`, async (t) => {
    t.equal(hex(commitmentRoot(text('hello world'), chunks)), root);
    t.equal(hex(commitmentLeaf(text('hello world'), index)), leaf);
  });
}

t.test('the root is the hash of all leaves in order, as the contract computes it', async () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 500 }), fc.integer({ min: 1, max: 20 }), (data, chunks) => {
      const leaves = Array.from({ length: chunks }, (_, index) => commitmentLeaf(data, BigInt(index)));
      const expected = blake2b(Buffer.concat(leaves), { dkLen: 32 });
      return hex(commitmentRoot(data, BigInt(chunks))) === hex(expected);
    }),
  );
});

t.test('other data or another index is another leaf', async () => {
  const anyData = fc.uint8Array({ maxLength: 64 });
  const u64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
  fc.assert(
    fc.property(anyData, anyData, u64, u64, (dataA, dataB, indexA, indexB) => {
      const same = Buffer.compare(dataA, dataB) === 0 && indexA === indexB;
      return same === (hex(commitmentLeaf(dataA, indexA)) === hex(commitmentLeaf(dataB, indexB)));
    }),
  );
});

t.test('a chunk count that no ticket has is refused', async (t) => {
  for (const chunks of [0n, -1n, MAX_CHUNKS + 1n, 2n ** 64n - 1n]) {
    t.throws(() => commitmentRoot(text('x'), chunks), RangeError, `chunks_count ${chunks}`);
  }
});
