import { AtomaError, checkPromptParams, type PromptParams } from '../../core/index.js';

/** What it takes to make tokens of a prompt. */
export interface PromptVocabulary {
  readonly size: number;
  /** The token that the tokenizer puts before every text; undefined where it puts none. */
  readonly bos: number | undefined;
  /** Special tokens that are spelled out count as such; none is added. */
  encode(text: string): readonly number[];
}

/**
 * The tokens of a prompt: `pre_prompt_tokens`, then the prompt; a BOS token goes before all where the
 * tokenizer adds one and the tokens given do not start with it. Special tokens spelled out in the prompt
 * count as such, since chat clients put their template there.
 * @throws AtomaError `invalid_params`; `prompt_too_long` where the context has no room for an answer.
 */
export function promptInput(
  params: PromptParams,
  vocabulary: PromptVocabulary,
  contextSize: number,
): number[] {
  checkPromptParams(params);
  const unknown = params.prePromptTokens.find((token) => token >= vocabulary.size);
  if (unknown !== undefined) {
    const problem = `pre_prompt_tokens holds ${unknown}, wanted token ids below ${vocabulary.size}`;
    throw new AtomaError('invalid_params', problem, { fields: { problems: [problem] } });
  }
  const tokens = [...params.prePromptTokens];
  // Not spread into push: a prompt of a megabyte has more tokens than a call takes arguments.
  if (params.prompt !== '') for (const token of vocabulary.encode(params.prompt)) tokens.push(token);
  const { bos } = vocabulary;
  if (bos !== undefined && tokens[0] !== bos) tokens.unshift(bos);
  if (tokens.length >= contextSize) throw promptTooLong(tokens.length, contextSize);
  return tokens;
}

/** A prompt that leaves no room in the context. */
export function promptTooLong(promptTokens: number, contextSize: number): AtomaError {
  return new AtomaError(
    'prompt_too_long',
    `the prompt has ${promptTokens} tokens, the context holds ${contextSize} and needs room for an answer`,
    { fields: { promptTokens, contextSize } },
  );
}
