/**
 * Texts by which llama.cpp knows tokens that end an answer, whatever the configuration says (the end of
 * `load` in its src/llama-vocab.cpp): ends of turns and of texts, and the separators of code infilling.
 */
const END_TEXTS: readonly string[] = [
  '<|eot_id|>',
  '<|im_end|>',
  '<|end|>',
  '<|return|>',
  '<|call|>',
  '<|flush|>',
  '<|calls|>',
  '<end_of_turn>',
  '<|endoftext|>',
  '</s>',
  '<|eom_id|>',
  '<EOT>',
  '_<EOT>',
  '[EOT]',
  '[EOS]',
  '<|end_of_text|>',
  '<end_of_utterance>',
  '<eos>',
  '<turn|>',
  '<|tool_response>',
  '<｜end▁of▁sentence｜>',
  '[e~[',
  '<|fim_pad|>',
  '<fim-pad>',
  '<PAD>',
  '<|fim_repo|>',
  '<|repo_name|>',
  '<fim-repo>',
  '<REPO>',
  '<|file_sep|>',
];

/** Where a vocabulary has these two, `<|end|>` ends a part of an answer only (gpt-oss). */
const PARTS_END_BY_END = ['<|return|>', '<|call|>'] as const;

/**
 * Tokens that end an answer.
 * @param given.configured values of `eos_token_id`: an id, a list of them, or anything else for none
 * @param given.texts ids of tokens by their text
 */
export function endTokens(given: {
  readonly configured: readonly unknown[];
  readonly texts: ReadonlyMap<string, number>;
}): ReadonlySet<number> {
  const { configured, texts } = given;
  const ids = END_TEXTS.map((text) => texts.get(text));
  const ends = new Set([...configured.flat(), ...ids].filter((id) => typeof id === 'number'));
  const end = texts.get('<|end|>');
  if (end !== undefined && PARTS_END_BY_END.every((text) => texts.has(text))) ends.delete(end);
  return ends;
}
