import fc from 'fast-check';
import t from 'tap';
import { TOMA_SUPPLY } from '#src/devnet/genesis.js';
import { Chain } from './devnet-chain.js';

type Step = (chain: Chain) => void;

const position = fc.nat({ max: 10 });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .tuple(fc.bigInt(0n, 4n), fc.constantFrom(0n, 9n, 1_000_000n, 1n << 60n, (1n << 64n) - 1n))
      .map(
        ([nodes, tokens]): Step =>
          (chain) =>
            chain.prompt(nodes, tokens),
      ),
  },
  {
    weight: 6,
    arbitrary: fc
      .tuple(position, position, fc.constantFrom('a', 'a', 'a', 'b'), fc.constantFrom(4n, 4n, 4n, 1n << 63n))
      .map(
        ([ticket, index, text, tokens]): Step =>
          (chain) =>
            chain.commit(ticket, index, text, tokens),
      ),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(fc.constantFrom('withdraw_fees', 'permanently_disable_node', 'destroy_disabled_node'), position)
      .map(
        ([name, index]): Step =>
          (chain) =>
            chain.byBadge(name, index),
      ),
  },
  { weight: 1, arbitrary: fc.constant<Step>((chain) => chain.genesis.ledger.nextEpoch()) },
);

t.test('no money is made or lost, whatever users and nodes do', async (t) => {
  let settled = 0;
  fc.assert(
    fc.property(fc.bigInt(0n, 1000n), fc.array(step, { minLength: 10, maxLength: 40 }), (seed, steps) => {
      const chain = new Chain(seed);
      const sui = chain.sui();
      for (const act of steps) act(chain);
      settled += chain.genesis.ledger.events.filter(({ type }) => type.endsWith('::SettledEvent')).length;
      return chain.toma() === TOMA_SUPPLY && chain.sui() === sui;
    }),
    { numRuns: 25 },
  );
  t.ok(settled > 0, 'some tickets settled on the way');
});
