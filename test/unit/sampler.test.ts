import fc from 'fast-check';
import t from 'tap';
import { engineSeed } from '#src/workers/engines/sampling/choice.js';
import { MersenneTwister } from '#src/workers/engines/sampling/mersenne-twister.js';
import { Sampler } from '#src/workers/engines/sampling/sampler.js';

type Choice = ConstructorParameters<typeof Sampler>[0];

const OFF: Choice = { temperature: 1, topK: 0, topP: 1, repeatPenalty: 1, repeatLastN: 0, seed: 1 };
const logit = fc.float({ min: -60, max: 60, noNaN: true });
const someLogits = fc.array(logit, { minLength: 1, maxLength: 600 }).map((list) => Float32Array.from(list));
const seed = fc.nat({ max: 0xffffffff });

function sampled(logits: Float32Array, choice: Partial<Choice>, history: readonly number[] = []): number {
  return new Sampler({ ...OFF, ...choice }, logits.length).sample(logits.slice(), history);
}

/** The tokens from the best down, of equal ones the lower id first, by sorting all of them. */
function sorted(logits: Float32Array): number[] {
  return [...logits.keys()].sort((a, b) => (logits[b] ?? 0) - (logits[a] ?? 0) || a - b);
}

t.test('the generator is std::mt19937', async (t) => {
  // The standard gives the 10 000th number of the default seed (C++ [rand.predef]).
  const twister = new MersenneTwister(5489);
  for (let i = 1; i < 10_000; i++) twister.next();
  t.equal(twister.next(), 4_123_659_995);
  const doubles = new MersenneTwister(5489);
  const words = new MersenneTwister(5489);
  const expected = (words.next() + words.next() * 2 ** 32) / 2 ** 64;
  t.equal(doubles.nextDouble(), expected, 'two words a number, the low one first');
});

t.test('a draw is in its range', async (t) => {
  fc.assert(
    fc.property(seed, (given) => {
      const drawn = new MersenneTwister(given).nextDouble();
      return drawn >= 0 && drawn < 1;
    }),
  );
  t.pass();
});

t.test('all 64 bits of a seed count, and none asks the engine for a random one', async (t) => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), fc.nat({ max: 63 }), (given, bit) => {
      const other = given ^ (1n << BigInt(bit));
      return engineSeed(given) !== engineSeed(other) && engineSeed(given) < 0xffffffff;
    }),
  );
  t.pass();
});

t.test('the best token: at temperature 0, with top_k 1, with a tiny top_p', async (t) => {
  fc.assert(
    fc.property(someLogits, seed, (logits, given) => {
      const best = sorted(logits)[0];
      const narrow: Partial<Choice>[] = [{ temperature: 0 }, { topK: 1 }, { topP: 1e-9 }];
      return narrow.every((choice) => sampled(logits, { ...choice, seed: given }) === best);
    }),
  );
  t.pass();
});

t.test('a choice is among the top_k, and among those that top_p takes', async (t) => {
  fc.assert(
    fc.property(
      someLogits,
      fc.integer({ min: 1, max: 50 }),
      fc.double({ min: 0.01, max: 0.99, noNaN: true }),
      seed,
      (...given) => {
        const [logits, topK, topP, one] = given;
        const order = sorted(logits);
        t.ok(order.slice(0, topK).includes(sampled(logits, { topK, temperature: 30, seed: one })));
        const weights = order.map((token) => Math.exp((logits[token] ?? 0) - (logits[order[0] ?? 0] ?? 0)));
        const total = weights.reduce((sum, weight) => sum + weight, 0);
        let before = 0;
        const place = order.indexOf(sampled(logits, { topP, temperature: 30, seed: one }));
        for (const weight of weights.slice(0, place)) before += weight / total;
        // Single precision decides: a token at the edge may fall on either side.
        return before < topP + 1e-4;
      },
    ),
  );
});

t.test('a token is drawn where the sum of the sorted probabilities passes the random number', async (t) => {
  fc.assert(
    fc.property(
      someLogits,
      fc.double({ min: 0.05, max: 30, noNaN: true }),
      seed,
      (logits, temperature, given) => {
        const order = sorted(logits);
        const best = logits[order[0] ?? 0] ?? 0;
        const weights = order.map((token) => Math.exp(((logits[token] ?? 0) - best) / temperature));
        const target =
          weights.reduce((sum, weight) => sum + weight, 0) * new MersenneTwister(given).nextDouble();
        const place = order.indexOf(sampled(logits, { temperature, seed: given }));
        const upTo = weights.slice(0, place + 1).reduce((sum, weight) => sum + weight, 0);
        const slack = 1e-4 * weights.reduce((sum, weight) => sum + weight, 0);
        return upTo >= target - slack && upTo - (weights[place] ?? 0) <= target + slack;
      },
    ),
  );
  t.pass();
});

t.test('many draws follow the probabilities', async (t) => {
  const probabilities = [0.5, 0.3, 0.15, 0.05];
  const logits = Float32Array.from(probabilities, Math.log);
  const counts = probabilities.map(() => 0);
  const sampler = new Sampler(OFF, logits.length);
  const draws = 20_000;
  for (let i = 0; i < draws; i++) {
    const token = sampler.sample(logits.slice(), []);
    counts[token] = (counts[token] ?? 0) + 1;
  }
  for (const [token, probability] of probabilities.entries()) {
    // Five standard deviations; the seed is fixed, so this either always holds or never.
    const tolerance = 5 * Math.sqrt(draws * probability * (1 - probability));
    t.ok(Math.abs((counts[token] ?? 0) - draws * probability) < tolerance, `token ${token}`);
  }
});

t.test(
  'the penalty divides positive logits and multiplies others, once a token, in the last tokens only',
  async (t) => {
    const penalized = (logits: number[], history: number[], repeatLastN: number): number[] => {
      const given = Float32Array.from(logits);
      new Sampler({ ...OFF, temperature: 0, repeatPenalty: 2, repeatLastN }, given.length).sample(
        given,
        history,
      );
      return [...given];
    };
    t.same(penalized([4, -4, 0, 4], [0, 1, 2, 0, 0], 5), [2, -8, 0, 4]);
    t.same(penalized([4, -4, 4], [1, 0, 2], 2), [2, -4, 2], 'the first token is too long ago');
    t.same(penalized([4, 4], [0, 1], 0), [4, 4]);
    t.same(penalized([4, 4], [], 8), [4, 4]);
  },
);

t.test('neither the order of the history nor how often a token is in it changes a choice', async (t) => {
  const history = fc.array(fc.nat({ max: 9 }), { minLength: 1, maxLength: 20 });
  const ten = fc.array(logit, { minLength: 10, maxLength: 10 }).map((list) => Float32Array.from(list));
  fc.assert(
    fc.property(ten, history, fc.double({ min: 0.1, max: 5, noNaN: true }), seed, (...given) => {
      const [logits, tokens, repeatPenalty, one] = given;
      const choice = { repeatPenalty, repeatLastN: 1000, seed: one };
      const [turned, once] = [tokens.toReversed(), [...new Set(tokens)]];
      return [turned, once, [...tokens, ...tokens]].every(
        (other) => sampled(logits, choice, other) === sampled(logits, choice, tokens),
      );
    }),
  );
  t.pass();
});

t.test('the same seed draws the same tokens, call by call', async (t) => {
  fc.assert(
    fc.property(fc.array(someLogits, { minLength: 1, maxLength: 5 }), seed, (positions, given) => {
      const size = Math.max(...positions.map((logits) => logits.length));
      const padded = positions.map((logits) => {
        const whole = new Float32Array(size).fill(-70);
        whole.set(logits);
        return whole;
      });
      const draw = (): number[] => {
        const sampler = new Sampler({ ...OFF, topP: 0.9, seed: given }, size);
        return padded.map((logits) => sampler.sample(logits.slice(), []));
      };
      t.same(draw(), draw());
    }),
    { numRuns: 50 },
  );
});

t.test('tokens that are ruled out are never drawn', async (t) => {
  fc.assert(
    fc.property(someLogits, seed, (logits, given) => {
      const ruled = Float32Array.from([...logits, ...logits.map(() => Number.NEGATIVE_INFINITY)]);
      return sampled(ruled, { temperature: 100, seed: given }) < logits.length;
    }),
  );
  t.pass();
});

t.test('logits that are no numbers are an error, not a token', async (t) => {
  for (const nothing of [Number.NaN, Number.NEGATIVE_INFINITY]) {
    t.throws(() => sampled(Float32Array.of(nothing, nothing), {}), { code: 'engine_failed' });
  }
});
