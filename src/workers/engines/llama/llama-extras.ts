import { type LlamaModel, type SequenceEvaluateOptions, type Token, TokenBias } from 'node-llama-cpp';
import type { RequestExtras } from '../../../core/index.js';
import { answerBias } from '../sampling/answer-bias.js';

/**
 * What a request asks beyond the contract, as node-llama-cpp's samplers take it; nothing where it asks nothing.
 * The penalties are given as a bias of tokens and not as the library's own: those would count the tokens that the
 * contract's repeat penalty looks at, prompt included.
 * @param history the tokens of the sequence so far; at the time of the call those of the prompt
 * @throws AtomaError `invalid_params`
 */
export function llamaExtras(
  extras: RequestExtras | undefined,
  model: LlamaModel,
  history: readonly Token[],
): Pick<SequenceEvaluateOptions, 'tokenBias'> {
  if (extras === undefined) return {};
  const bias = answerBias(extras, history.length);
  if (bias === undefined) return {};
  const tokenBias = new TokenBias(model.tokenizer);
  return {
    tokenBias: () => {
      for (const token of bias.count(history)) {
        tokenBias.set([token as Token], { logit: bias.biases.get(token) ?? 0 });
      }
      return tokenBias;
    },
  };
}
