import { type LlamaModel, type SequenceEvaluateOptions, type Token, TokenBias } from 'node-llama-cpp';
import type { RequestExtras } from '../../../core/index.js';
import { type AnswerBias, answerBias } from '../sampling/answer-bias.js';
import { grammarState } from './llama-grammar.js';

/**
 * What a request asks beyond the contract, as node-llama-cpp's samplers take it.
 * The penalties are given as a bias of tokens and not as the library's own: those would count the tokens that the
 * contract's repeat penalty looks at, prompt included.
 * @param history the tokens of the sequence so far; at the time of the call those of the prompt
 * @throws AtomaError `invalid_params`, `grammar_unsupported`
 */
export async function llamaExtras(
  extras: RequestExtras,
  model: LlamaModel,
  history: readonly Token[],
): Promise<Pick<SequenceEvaluateOptions, 'tokenBias' | 'grammarEvaluationState'>> {
  const bias = answerBias(extras, history.length);
  return {
    ...(bias !== undefined && { tokenBias: tokenBiasOf(bias, model, history) }),
    ...(extras.grammar !== undefined && {
      grammarEvaluationState: await grammarState(extras.grammar, model),
    }),
  };
}

/** Asked before each token. */
function tokenBiasOf(bias: AnswerBias, model: LlamaModel, history: readonly Token[]): () => TokenBias {
  const tokenBias = new TokenBias(model.tokenizer);
  return () => {
    for (const token of bias.count(history)) {
      tokenBias.set([token as Token], { logit: bias.biases.get(token) ?? 0 });
    }
    return tokenBias;
  };
}
