import type { BcsType } from '@mysten/sui/bcs';
import type { GrpcTypes } from '@mysten/sui/grpc';
import { normalizeSuiAddress } from '@mysten/sui/utils';
import { type ChainEvent, messageOf, type PromptEvent, type PromptParams } from '../../core/index.js';
import { MAX_CHUNKS } from '../commitment.js';
import { EVENT_LAYOUTS, type EventName, floatFromBits, type Text2TextPromptParams } from './layout.js';

type Origin = Pick<ChainEvent, 'id' | 'timestampMs' | 'checkpoint'>;
type Decoder = (bytes: Uint8Array, origin: Origin, type: string) => ChainEvent;

/**
 * Reads an event of the contract. Never throws: what cannot be read is an `undecodable` event, what the node
 * does not know an `other` one. Only the package that defines a type can emit it, so the type's address is
 * proof of origin.
 * @param fallbackId the id of an event whose digest or index the endpoint left out; unique
 * @returns undefined for an event of another package than `packageId`
 */
export function decodeEvent(
  event: GrpcTypes.Event,
  packageId: string,
  fallbackId: string,
): ChainEvent | undefined {
  const type = event.eventType ?? '';
  const [address, module, name] = splitType(type);
  if (address !== undefined && normalizeSuiAddress(address) !== normalizeSuiAddress(packageId)) {
    return undefined;
  }
  const { transactionDigest: digest, eventIndex: index } = event;
  const origin = {
    id: digest === undefined || index === undefined ? fallbackId : `${digest}:${index}`,
    timestampMs: undefined,
    checkpoint: event.checkpoint,
  };
  if (address === undefined) return undecodable(origin, type, 'its type is missing or malformed');
  if (digest === undefined || index === undefined) {
    return undecodable(origin, type, 'the endpoint left out its transaction digest or its index');
  }
  const decode = DECODERS.get(`${module}::${name}`);
  if (decode === undefined) return { kind: 'other', ...origin, type };
  if (event.contents?.value === undefined)
    return undecodable(origin, type, 'the endpoint left out its bytes');
  try {
    return decode(event.contents.value, origin, type);
  } catch (error) {
    return undecodable(origin, type, messageOf(error));
  }
}

/** `address::module::Name`, type arguments kept with the name; undefined where it is no such thing. */
function splitType(type: string): readonly [string, string, string] | readonly [undefined] {
  const match = /^(?:0x)?([0-9a-fA-F]{1,64})::(\w+)::(\w.*)$/.exec(type);
  const [, address, module, name] = match ?? [];
  if (address === undefined || module === undefined || name === undefined) return [undefined];
  return [address, module, name];
}

function undecodable(origin: Origin, type: string, reason: string): ChainEvent {
  return { kind: 'undecodable', ...origin, type, reason };
}

/** BCS parsers accept trailing bytes and other spellings of a value; a changed struct must not pass. */
function parseStrictly<Input, T extends Input>(layout: BcsType<T, Input>, bytes: Uint8Array): T {
  const value = layout.parse(bytes);
  const canonical = layout.serialize(value).toBytes();
  if (Buffer.compare(canonical, bytes) !== 0) {
    throw new RangeError(
      `${layout.name} has ${bytes.length} bytes, of which its layout explains ${canonical.length} exactly; the contract may have changed`,
    );
  }
  return value;
}

function decoder<Input, T extends Input>(
  layout: BcsType<T, Input>,
  toEvent: (value: T, origin: Origin, type: string) => ChainEvent,
): Decoder {
  return (bytes, origin, type) => toEvent(parseStrictly(layout, bytes), origin, type);
}

const other = (_: unknown, origin: Origin, type: string): ChainEvent => ({ kind: 'other', ...origin, type });

const BY_NAME: Readonly<Record<EventName, Decoder>> = {
  'db::PublishedEvent': decoder(EVENT_LAYOUTS['db::PublishedEvent'], other),
  'db::NodeRegisteredEvent': decoder(EVENT_LAYOUTS['db::NodeRegisteredEvent'], other),
  'db::NodeSubscribedToModelEvent': decoder(EVENT_LAYOUTS['db::NodeSubscribedToModelEvent'], other),
  'gate::Text2TextPromptEvent': decoder(EVENT_LAYOUTS['gate::Text2TextPromptEvent'], toPrompt),
  'gate::Text2ImagePromptEvent': decoder(EVENT_LAYOUTS['gate::Text2ImagePromptEvent'], (event, origin) => ({
    kind: 'unsupported_prompt',
    ...origin,
    ticketId: event.ticket_id,
    modality: 'text2image',
    model: event.params.model,
    nodes: event.nodes.map(smallId),
  })),
  'settlement::FirstSubmissionEvent': decoder(
    EVENT_LAYOUTS['settlement::FirstSubmissionEvent'],
    (event, origin) => ({
      kind: 'first_submission',
      ...origin,
      ticketId: event.ticket_id,
      nodeId: smallId(event.node_id),
    }),
  ),
  'settlement::NewlySampledNodesEvent': decoder(
    EVENT_LAYOUTS['settlement::NewlySampledNodesEvent'],
    (event, origin) => ({
      kind: 'new_nodes',
      ...origin,
      ticketId: event.ticket_id,
      newNodes: event.new_nodes.map((node) => ({ nodeId: smallId(node.node_id), order: BigInt(node.order) })),
    }),
  ),
  'settlement::DisputeEvent': decoder(EVENT_LAYOUTS['settlement::DisputeEvent'], (event, origin) => ({
    kind: 'dispute',
    ...origin,
    ticketId: event.ticket_id,
  })),
  'settlement::SettledEvent': decoder(EVENT_LAYOUTS['settlement::SettledEvent'], (event, origin) => ({
    kind: 'settled',
    ...origin,
    ticketId: event.ticket_id,
    oracleNodeId: event.oracle_node_id === null ? undefined : smallId(event.oracle_node_id),
  })),
  'settlement::RetrySettlementEvent': decoder(
    EVENT_LAYOUTS['settlement::RetrySettlementEvent'],
    (event, origin) => ({
      kind: 'retry_settlement',
      ...origin,
      ticketId: event.ticket_id,
      nodesInEchelon: BigInt(event.how_many_nodes_in_echelon),
    }),
  ),
};
const DECODERS: ReadonlyMap<string, Decoder> = new Map(Object.entries(BY_NAME));

function smallId(id: { readonly inner: string }): bigint {
  return BigInt(id.inner);
}

type PromptValue = (typeof EVENT_LAYOUTS)['gate::Text2TextPromptEvent']['$inferType'];

function toPrompt(event: PromptValue, origin: Origin): PromptEvent {
  const chunksCount = BigInt(event.chunks_count);
  if (chunksCount < 1n || chunksCount > MAX_CHUNKS || chunksCount < BigInt(event.nodes.length)) {
    throw new RangeError(
      `chunks_count is ${chunksCount} for ${event.nodes.length} nodes, wanted at least 1, at least one per node, at most ${MAX_CHUNKS}`,
    );
  }
  return {
    kind: 'prompt',
    ...origin,
    ticketId: event.ticket_id,
    params: toParams(event.params),
    chunksCount,
    nodes: event.nodes.map(smallId),
    outputDestination: Uint8Array.from(event.output_destination),
  };
}

function toParams(params: (typeof Text2TextPromptParams)['$inferType']): PromptParams {
  return {
    model: params.model,
    prompt: params.prompt,
    prePromptTokens: params.pre_prompt_tokens,
    prependOutputWithInput: params.prepend_output_with_input,
    maxTokens: BigInt(params.max_tokens),
    randomSeed: BigInt(params.random_seed),
    repeatLastN: BigInt(params.repeat_last_n),
    repeatPenalty: floatFromBits(params.repeat_penalty),
    shouldStreamOutput: params.should_stream_output,
    temperature: floatFromBits(params.temperature),
    topK: BigInt(params.top_k),
    topP: floatFromBits(params.top_p),
  };
}
