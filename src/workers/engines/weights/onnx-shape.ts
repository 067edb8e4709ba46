import { isObject, type JsonObject } from './onnx-folder.js';

/** What of a model's shape its `config.json` says; what it does not say counts nothing. */
export interface OnnxShape {
  /** Tokens of a sequence. */
  readonly trainedContextSize: number | undefined;
  readonly vocabularySize: number;
  /** Keys and values of one token, over all layers. */
  readonly kvElementsPerToken: number;
}

/** Older families have names of their own; models of more than text keep theirs in `text_config`. */
export function readOnnxShape(config: JsonObject): OnnxShape {
  const text = isObject(config['text_config']) ? config['text_config'] : {};
  const number = (...keys: readonly string[]): number | undefined =>
    [config, text].flatMap((from) => keys.map((key) => from[key])).find((value) => typeof value === 'number');
  const heads = number('num_attention_heads', 'n_head') ?? 0;
  const width = number('hidden_size', 'n_embd') ?? 0;
  const perHead = number('head_dim') ?? (heads === 0 ? 0 : width / heads);
  const layers = number('num_hidden_layers', 'n_layer') ?? 0;
  return {
    trainedContextSize: number(
      'max_position_embeddings',
      'n_positions',
      'n_ctx',
      'max_seq_len',
      'seq_length',
    ),
    vocabularySize: number('vocab_size') ?? 0,
    kvElementsPerToken: 2 * layers * (number('num_key_value_heads') ?? heads) * perHead,
  };
}
