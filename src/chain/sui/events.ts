import { normalizeSuiAddress } from '@mysten/sui/utils';
import {
  type ChainEvent,
  messageOf,
  type PromptEvent,
  type PromptParams,
  type TimeoutInfo,
} from '../../core/index.js';
import { MAX_CHUNKS } from '../commitment.js';
import { BcsReader } from './bcs-reader.js';
import { type EventName, floatFromBits } from './layout.js';

type Origin = Pick<ChainEvent, 'id' | 'timestampMs' | 'checkpoint'>;
type Decoder = (reader: BcsReader, origin: Origin, type: string) => ChainEvent;
/** What an event's type alone says; a decoder where its bytes matter. */
type TypeMeaning = 'foreign' | 'malformed' | 'other' | Decoder;

/** An event as the endpoint sent it; what it left out is undefined. */
export interface RawEvent {
  /** `address::module::Name` */
  readonly eventType: string | undefined;
  /** BCS. */
  readonly contents: Uint8Array | undefined;
  readonly checkpoint: bigint | undefined;
  readonly transactionDigest: string | undefined;
  readonly eventIndex: number | undefined;
}

/** Far more than the contract has; type arguments, which anyone may choose, cannot fill the memory. */
const KNOWN_TYPES = 200;
/** An id and one u64. */
const MAP_NODE_BYTES = 16;
const U64_BYTES = 8;
const U32_BYTES = 4;

/**
 * Reads the events of a package. Never throws: what cannot be read is an `undecodable` event, what the node
 * does not know an `other` one. Only the package that defines a type can emit it, so the type's address is
 * proof of origin.
 */
export class EventDecoder {
  readonly #packageId: string;
  readonly #meanings = new Map<string, TypeMeaning>();

  constructor(packageId: string) {
    this.#packageId = normalizeSuiAddress(packageId);
  }

  /**
   * @param fallbackId makes the id of an event whose digest or index the endpoint left out; unique
   * @returns undefined for an event of another package
   */
  decode(event: RawEvent, fallbackId: () => string): ChainEvent | undefined {
    const type = event.eventType ?? '';
    const meaning = this.#meaningOf(type);
    if (meaning === 'foreign') return undefined;
    const { transactionDigest: digest, eventIndex: index, checkpoint } = event;
    const identified = digest !== undefined && index !== undefined;
    const id = identified ? `${digest}:${index}` : fallbackId();
    const origin: Origin = { id, timestampMs: undefined, checkpoint };
    if (meaning === 'malformed') return undecodable(origin, type, 'its type is missing or malformed');
    if (!identified) {
      return undecodable(origin, type, 'the endpoint left out its transaction digest or its index');
    }
    if (meaning === 'other') return { kind: 'other', ...origin, type };
    const bytes = event.contents;
    if (bytes === undefined) return undecodable(origin, type, 'the endpoint left out its bytes');
    try {
      return BcsReader.whole(bytes, (reader) => meaning(reader, origin, type));
    } catch (error) {
      return undecodable(origin, type, `${messageOf(error)}; the contract may have changed`);
    }
  }

  #meaningOf(type: string): TypeMeaning {
    const known = this.#meanings.get(type);
    if (known !== undefined) return known;
    const meaning = this.#readType(type);
    if (this.#meanings.size < KNOWN_TYPES) this.#meanings.set(type, meaning);
    return meaning;
  }

  /** `address::module::Name`, type arguments kept with the name. */
  #readType(type: string): TypeMeaning {
    const match = /^(?:0x)?([0-9a-fA-F]{1,64})::(\w+)::(\w.*)$/.exec(type);
    const [, address, module, name] = match ?? [];
    if (address === undefined) return 'malformed';
    if (normalizeSuiAddress(address) !== this.#packageId) return 'foreign';
    return DECODERS.get(`${module}::${name}`) ?? 'other';
  }
}

function undecodable(origin: Origin, type: string, reason: string): ChainEvent {
  return { kind: 'undecodable', ...origin, type, reason };
}

/** Fields are read in the order of the structs of `layout.ts`. */
const BY_NAME: Readonly<Record<EventName, Decoder>> = {
  'db::PublishedEvent': (reader, origin, type) => {
    reader.address();
    reader.address();
    return { kind: 'other', ...origin, type };
  },
  'db::NodeRegisteredEvent': (reader, origin, type) => {
    reader.address();
    reader.u64();
    return { kind: 'other', ...origin, type };
  },
  'db::NodeSubscribedToModelEvent': (reader, origin) => {
    const nodeId = reader.u64();
    const model = reader.text();
    return { kind: 'node_subscribed', ...origin, nodeId, model, echelon: reader.u64() };
  },
  'gate::Text2TextPromptEvent': readPrompt,
  'gate::Text2ImagePromptEvent': (reader, origin) => {
    const ticketId = reader.address();
    const model = readImageModel(reader);
    const chunksCount = reader.u64();
    const nodes = readNodes(reader);
    const outputDestination = reader.bytes();
    const known = { ticketId, model, chunksCount, nodes, outputDestination };
    return { kind: 'unsupported_prompt', ...origin, modality: 'text2image', ...known };
  },
  'settlement::FirstSubmissionEvent': (reader, origin) => {
    return { kind: 'first_submission', ...origin, ticketId: reader.address(), nodeId: reader.u64() };
  },
  'settlement::NewlySampledNodesEvent': (reader, origin) => {
    const ticketId = reader.address();
    const newNodes = reader.vector(MAP_NODE_BYTES, () => ({ nodeId: reader.u64(), order: reader.u64() }));
    return { kind: 'new_nodes', ...origin, ticketId, newNodes };
  },
  'settlement::DisputeEvent': (reader, origin) => {
    const ticketId = reader.address();
    return { kind: 'dispute', ...origin, ticketId, timeout: reader.option(() => readTimeout(reader)) };
  },
  'settlement::SettledEvent': (reader, origin) => {
    const ticketId = reader.address();
    return { kind: 'settled', ...origin, ticketId, oracleNodeId: reader.option(() => reader.u64()) };
  },
  'settlement::RetrySettlementEvent': (reader, origin) => {
    return { kind: 'retry_settlement', ...origin, ticketId: reader.address(), nodesInEchelon: reader.u64() };
  },
};
const DECODERS: ReadonlyMap<string, Decoder> = new Map(Object.entries(BY_NAME));

function readNodes(reader: BcsReader): bigint[] {
  return reader.vector(U64_BYTES, () => reader.u64());
}

function readPrompt(reader: BcsReader, origin: Origin): PromptEvent {
  const ticketId = reader.address();
  const params = readParams(reader);
  const chunksCount = reader.u64();
  const nodes = readNodes(reader);
  const outputDestination = reader.bytes();
  if (chunksCount < 1n || chunksCount > MAX_CHUNKS || chunksCount < BigInt(nodes.length)) {
    throw new RangeError(
      `chunks_count is ${chunksCount} for ${nodes.length} nodes, wanted at least 1, at least one per node, at most ${MAX_CHUNKS}`,
    );
  }
  return { kind: 'prompt', ...origin, ticketId, params, chunksCount, nodes, outputDestination };
}

/** In the order of the fields on the wire, as {@link readParams}. */
function readTimeout(reader: BcsReader): TimeoutInfo {
  return {
    timedOutCount: reader.u64(),
    timeoutMs: reader.u64(),
    startedInEpoch: reader.u64(),
    epochStartedAtMs: reader.u64(),
  };
}

/** An object literal is evaluated in the order it is written, which here is the order on the wire. */
function readParams(reader: BcsReader): PromptParams {
  return {
    maxTokens: reader.u64(),
    model: reader.text(),
    prePromptTokens: reader.vector(U32_BYTES, () => reader.u32()),
    prependOutputWithInput: reader.bool(),
    prompt: reader.text(),
    randomSeed: reader.u64(),
    repeatLastN: reader.u64(),
    repeatPenalty: floatFromBits(reader.u32()),
    shouldStreamOutput: reader.bool(),
    temperature: floatFromBits(reader.u32()),
    topK: reader.u64(),
    topP: floatFromBits(reader.u32()),
  };
}

/** `Text2ImagePromptParams`, of which the node only names the model. */
function readImageModel(reader: BcsReader): string {
  reader.u32();
  reader.u64();
  reader.option(() => reader.text());
  reader.u32();
  const model = reader.text();
  reader.u64();
  reader.u64();
  reader.bytes();
  reader.text();
  reader.u64();
  reader.text();
  reader.u64();
  return model;
}
