/** A model's shape as its `config.json` says. */
export interface OnnxShape {
  readonly trainedContextSize: number | undefined;
  readonly vocabularySize: number;
  /** Keys and values of one token, over all layers. */
  readonly kvElementsPerToken: number;
  /** About; of a decoder with gated feed-forward layers. */
  readonly parameters: number;
}

/** A key that is missing counts nothing; older families have names of their own. */
export function readOnnxShape(config: Readonly<Record<string, unknown>>): OnnxShape {
  const number = (...keys: readonly string[]): number | undefined =>
    keys.map((key) => config[key]).find((value) => typeof value === 'number');
  const width = number('hidden_size', 'n_embd') ?? 0;
  const heads = number('num_attention_heads', 'n_head') ?? 0;
  const kvHeads = number('num_key_value_heads') ?? heads;
  const perHead = number('head_dim') ?? (heads === 0 ? 0 : width / heads);
  const layers = number('num_hidden_layers', 'n_layer') ?? 0;
  const vocabularySize = number('vocab_size') ?? 0;
  const attention = 2 * width * perHead * (heads + kvHeads);
  const feedForward = 3 * width * (number('intermediate_size', 'n_inner') ?? 0);
  const embeddings = config['tie_word_embeddings'] === false ? 2 : 1;
  return {
    trainedContextSize: number('max_position_embeddings', 'n_positions', 'n_ctx'),
    vocabularySize,
    kvElementsPerToken: 2 * layers * kvHeads * perHead,
    parameters: layers * (attention + feedForward) + embeddings * vocabularySize * width,
  };
}
