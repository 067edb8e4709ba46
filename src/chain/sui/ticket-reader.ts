import { GrpcTypes } from '@mysten/sui/grpc';
import type { Logger } from 'pino';
import { z } from 'zod';
import type { SampledNode, TicketOnChain } from '../../core/index.js';
import type { Endpoint } from './endpoint.js';
import { readOne } from './single-reading.js';

const HASH_BYTES = 32;

/** A u64 or a u32 as Sui renders them: decimal text or a number. */
const integer = z.union([z.string().regex(/^\d{1,20}$/), z.int().nonnegative()]).transform(BigInt);
/** Of `SmallId`, also where it is rendered as the number that it holds. */
const smallId = z.union([z.object({ inner: integer }).transform(({ inner }) => inner), integer]);
/** Of `EchelonId`, likewise. */
const echelonId = z.union([z.object({ id: integer }).transform(({ id }) => id), integer]);
/** `vector<u8>`, which Sui renders as base64. */
const bytes = z.base64().transform((text) => Uint8Array.from(Buffer.from(text, 'base64')));
const hash = bytes.refine((value) => value.length === HASH_BYTES);
const leaves = bytes.refine((value) => value.length % HASH_BYTES === 0);

/** The fields of `SettlementTicket` that are read; one that is not as expected is left out alone. */
const Fields = z.object({
  all: z.array(smallId).optional().catch(undefined),
  completed: z.array(smallId).optional().catch(undefined),
  echelon_id: echelonId.optional().catch(undefined),
  input_tokens_count: integer.optional().catch(undefined),
  output_tokens_count: integer.optional().catch(undefined),
  is_being_disputed: z.boolean().optional().catch(undefined),
  merkle_root: hash.optional().catch(undefined),
  merkle_leaves: leaves.optional().catch(undefined),
});

/** The message type of an object's JSON rendering, which the SDK exports under no name of its own. */
const jsonType = GrpcTypes.Object.fields.find(({ name }) => name === 'json');

export interface TicketReaderOptions {
  /** How long one reading may take. */
  readonly callTimeoutMs: number;
}

/**
 * Reads tickets from the chain by the names of their fields, through the endpoint's JSON rendering: BCS would ask
 * for the layout of the contract's object to the byte.
 */
export class TicketReader {
  readonly #options: TicketReaderOptions;
  readonly #modules: { readonly endpoint: Endpoint; readonly logger: Logger };

  constructor(
    options: TicketReaderOptions,
    modules: { readonly endpoint: Endpoint; readonly logger: Logger },
  ) {
    this.#options = options;
    this.#modules = modules;
  }

  /** {@link Chain.readTicket} */
  async read(ticketId: string, signal: AbortSignal): Promise<TicketOnChain | undefined> {
    const { callTimeoutMs } = this.#options;
    const options = { doing: 'reading a ticket', callTimeoutMs, signal, fields: { ticketId } };
    return await readOne(options, this.#modules, async (call) => {
      const { ledgerService } = this.#modules.endpoint.client;
      const request = { objectId: ticketId, readMask: { paths: ['json'] } };
      return ticketOf(plain((await ledgerService.getObject(request, call)).response.object));
    });
  }
}

/** An object's JSON rendering as a plain value; undefined where the endpoint gave none. */
function plain(object: GrpcTypes.Object | undefined): unknown {
  if (object?.json === undefined || jsonType?.kind !== 'message') return undefined;
  return jsonType.T().toJson(object.json);
}

function ticketOf(json: unknown): TicketOnChain {
  const { data: fields = {} } = Fields.safeParse(json);
  const { all, completed, merkle_leaves: buffer } = fields;
  return {
    nodes: all?.map((id, index) => sampledNode(id, index, completed, buffer)),
    leafCount: buffer === undefined ? undefined : BigInt(buffer.length / HASH_BYTES),
    inputTokens: fields.input_tokens_count,
    outputTokens: fields.output_tokens_count,
    root: fields.merkle_root,
    disputed: fields.is_being_disputed,
    echelon: fields.echelon_id,
  };
}

function sampledNode(
  id: bigint,
  index: number,
  completed: readonly bigint[] | undefined,
  buffer: Uint8Array | undefined,
): SampledNode {
  const committed = completed?.includes(id);
  const place = buffer?.slice(index * HASH_BYTES, (index + 1) * HASH_BYTES);
  const isThere = committed === true && place?.length === HASH_BYTES;
  return { smallId: id, committed, leaf: isThere ? place : undefined };
}
