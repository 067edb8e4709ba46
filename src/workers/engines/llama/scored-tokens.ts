import type { LlamaContextSequence, SequenceEvaluateOptions, Token } from 'node-llama-cpp';
import type { ScoredToken, TokenProbability } from '../expected-tokens.js';
import { toToken } from './llama-tokens.js';

/** As `evaluate`, through the same samplers. */
export async function* scoredTokens(
  sequence: LlamaContextSequence,
  input: Token[],
  options: SequenceEvaluateOptions,
): AsyncGenerator<ScoredToken> {
  const { model } = sequence;
  const metadata = { probabilities: true } as const;
  const chosen = sequence.evaluateWithMetadata(input, metadata, { ...options, yieldEogToken: true });
  for await (const { token, probabilities } of chosen) {
    const isEnd = model.isEogToken(token);
    yield {
      token: isEnd ? undefined : token,
      probability: (asked) => {
        if (asked !== undefined) return probabilities.get(toToken(asked)) ?? 0;
        let sum = 0;
        for (const [other, probability] of probabilities) if (model.isEogToken(other)) sum += probability;
        return sum;
      },
      top: (count) => likeliest(probabilities, count),
    };
    if (isEnd) return;
  }
}

/** The library gives them in the order of their probabilities; those that were not to be chosen are 0. */
function likeliest(probabilities: ReadonlyMap<Token, number>, count: number): readonly TokenProbability[] {
  const found: TokenProbability[] = [];
  for (const [token, probability] of probabilities) {
    if (found.length >= count || probability === 0) break;
    found.push({ token, probability });
  }
  return found;
}
