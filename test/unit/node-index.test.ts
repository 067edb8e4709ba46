import fc from 'fast-check';
import t from 'tap';
import { findNodeIndex, type IndexTrial } from '#src/chain/sui/node-index.js';

/** Tries against an echelon in which the node is at `index` of `length`. */
function echelonOf(index: number, length: number) {
  const tried: bigint[] = [];
  const trial = async (candidate: bigint): Promise<IndexTrial> => {
    tried.push(candidate);
    if (candidate === BigInt(index)) return 'here';
    return candidate < BigInt(length) ? 'elsewhere' : 'beyond';
  };
  return { tried, trial };
}

t.test('the index is found wherever the node stands', async () => {
  const echelon = fc.nat(400).chain((index) =>
    fc.record({
      index: fc.constant(index),
      length: fc.integer({ min: index + 1, max: 500 }),
      joined: fc.integer({ min: index + 1, max: 500 }),
    }),
  );
  await fc.assert(
    fc.asyncProperty(
      echelon,
      fc.constantFrom('all', 'part', 'none'),
      async ({ index, length, joined }, history) => {
        const { trial } = echelonOf(index, length);
        // Where the history is cut off, it tells of fewer joins than there were.
        const seen = history === 'all' ? joined : Math.floor(joined / 3);
        const position = history === 'none' ? undefined : { joined: seen, complete: history === 'all' };
        return (await findNodeIndex(position, trial)) === BigInt(index);
      },
    ),
    { numRuns: 60 },
  );
});

t.test('a node that nobody left before is found at once; one that is not there is given up', async (t) => {
  const young = echelonOf(40, 41);
  t.equal(await findNodeIndex({ joined: 41, complete: true }, young.trial), 40n);
  t.ok(young.tried.length <= 8, 'one batch');
  const gone = echelonOf(-1, 50);
  await t.rejects(findNodeIndex({ joined: 50, complete: true }, gone.trial), {
    code: 'node_index_not_found',
  });
  t.equal(gone.tried.length, 50, 'no place is tried that the history rules out');
  const short = echelonOf(-1, 20);
  await t.rejects(findNodeIndex(undefined, short.trial), { code: 'node_index_not_found' });
  t.ok(short.tried.length <= 24, 'the end of the echelon ends the search');
});
