import { bcs } from '@mysten/sui/bcs';

/**
 * BCS layouts of the contract's structs, field names and order as in the Move packages `atoma` and `toma`.
 * An ID is an address on the wire; ascii and UTF-8 strings share one form.
 */
const SmallId = bcs.struct('SmallId', { inner: bcs.u64() });
const EchelonId = bcs.struct('EchelonId', { id: bcs.u64() });

export const Text2TextPromptParams = bcs.struct('Text2TextPromptParams', {
  max_tokens: bcs.u64(),
  model: bcs.string(),
  pre_prompt_tokens: bcs.vector(bcs.u32()),
  prepend_output_with_input: bcs.bool(),
  prompt: bcs.string(),
  random_seed: bcs.u64(),
  repeat_last_n: bcs.u64(),
  repeat_penalty: bcs.u32(),
  should_stream_output: bcs.bool(),
  temperature: bcs.u32(),
  top_k: bcs.u64(),
  top_p: bcs.u32(),
});

export const Text2ImagePromptParams = bcs.struct('Text2ImagePromptParams', {
  guidance_scale: bcs.u32(),
  height: bcs.u64(),
  img2img: bcs.option(bcs.string()),
  img2img_strength: bcs.u32(),
  model: bcs.string(),
  n_steps: bcs.u64(),
  num_samples: bcs.u64(),
  output_destination: bcs.byteVector(),
  prompt: bcs.string(),
  random_seed: bcs.u64(),
  uncond_prompt: bcs.string(),
  width: bcs.u64(),
});

/** Every event of the contract, by `module::Name`. */
export const EVENT_LAYOUTS = {
  'db::PublishedEvent': bcs.struct('PublishedEvent', { db: bcs.Address, manager_badge: bcs.Address }),
  'db::NodeRegisteredEvent': bcs.struct('NodeRegisteredEvent', {
    badge_id: bcs.Address,
    node_small_id: SmallId,
  }),
  'db::NodeSubscribedToModelEvent': bcs.struct('NodeSubscribedToModelEvent', {
    node_small_id: SmallId,
    model_name: bcs.string(),
    echelon_id: EchelonId,
  }),
  'gate::Text2TextPromptEvent': bcs.struct('Text2TextPromptEvent', {
    ticket_id: bcs.Address,
    params: Text2TextPromptParams,
    chunks_count: bcs.u64(),
    nodes: bcs.vector(SmallId),
    output_destination: bcs.byteVector(),
  }),
  'gate::Text2ImagePromptEvent': bcs.struct('Text2ImagePromptEvent', {
    ticket_id: bcs.Address,
    params: Text2ImagePromptParams,
    chunks_count: bcs.u64(),
    nodes: bcs.vector(SmallId),
    output_destination: bcs.byteVector(),
  }),
  'settlement::FirstSubmissionEvent': bcs.struct('FirstSubmissionEvent', {
    ticket_id: bcs.Address,
    node_id: SmallId,
  }),
  'settlement::NewlySampledNodesEvent': bcs.struct('NewlySampledNodesEvent', {
    ticket_id: bcs.Address,
    new_nodes: bcs.vector(bcs.struct('MapNodeToChunk', { node_id: SmallId, order: bcs.u64() })),
  }),
  'settlement::DisputeEvent': bcs.struct('DisputeEvent', {
    ticket_id: bcs.Address,
    timeout: bcs.option(
      bcs.struct('TimeoutInfo', {
        timed_out_count: bcs.u64(),
        timeout_ms: bcs.u64(),
        started_in_epoch: bcs.u64(),
        started_at_epoch_timestamp_ms: bcs.u64(),
      }),
    ),
  }),
  'settlement::SettledEvent': bcs.struct('SettledEvent', {
    ticket_id: bcs.Address,
    oracle_node_id: bcs.option(SmallId),
  }),
  'settlement::RetrySettlementEvent': bcs.struct('RetrySettlementEvent', {
    ticket_id: bcs.Address,
    how_many_nodes_in_echelon: bcs.u64(),
  }),
} as const;

export type EventName = keyof typeof EVENT_LAYOUTS;

const floatView = new DataView(new ArrayBuffer(4));

/** The f32 whose little-endian bytes the contract carries as this u32. */
export function floatFromBits(bits: number): number {
  floatView.setUint32(0, bits, true);
  return floatView.getFloat32(0, true);
}

/** The u32 that carries this number, rounded to f32, to the contract. */
export function floatToBits(value: number): number {
  floatView.setFloat32(0, value, true);
  return floatView.getUint32(0, true);
}
