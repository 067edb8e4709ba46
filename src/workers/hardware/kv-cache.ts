/** What a GGUF's metadata says of the attention of its architecture; what is missing follows from the rest. */
interface Attention {
  readonly block_count?: number;
  readonly embedding_length?: number;
  readonly attention?: {
    readonly head_count?: number | readonly number[];
    /** A number for all layers or one for each; a layer without attention has 0. */
    readonly head_count_kv?: number | readonly number[];
    readonly key_length?: number;
    readonly value_length?: number;
  };
}

/** llama.cpp keeps keys and values as 16-bit floats. */
const F16_BYTES = 2;

/**
 * The KV cache of `tokens` tokens in bytes, if every layer keeps all of them. Layers with a sliding window keep
 * fewer, and layers without attention none.
 */
export function kvCacheBytes(model: Attention, tokens: number): number {
  const layers = model.block_count ?? 0;
  const heads = model.attention?.head_count ?? 0;
  const most = typeof heads === 'number' ? heads : Math.max(0, ...heads);
  const width = most === 0 ? 0 : (model.embedding_length ?? 0) / most;
  const perHead = (model.attention?.key_length ?? width) + (model.attention?.value_length ?? width);
  const ofLayers = model.attention?.head_count_kv ?? heads;
  const kvHeads = typeof ofLayers === 'number' ? ofLayers * layers : ofLayers.reduce((sum, n) => sum + n, 0);
  return kvHeads * perHead * F16_BYTES * tokens;
}
