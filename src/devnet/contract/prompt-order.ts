import { ABORT } from '../../chain/index.js';
import { U64_MAX } from '../../core/index.js';
import { ExecutionFailure } from '../move/failure.js';
import type { Call } from '../move/function.js';
import type { Balance, ObjectValue } from '../move/values.js';
import { pick, sample } from '../random.js';
import type { Database } from './database.js';
import type { Echelon, Model, TicketRecord } from './records.js';
import { activeNodes, roundFrom } from './sampling.js';
import { createTicket, type PromptParams } from './ticket-objects.js';

/** More nodes than this cannot be sampled for one prompt. */
const MAX_SAMPLED_NODES = 256n;

/** A prompt of whatever modality, with what is paid for it. */
export interface PromptOrder {
  readonly database: ObjectValue;
  readonly balance: Balance;
  readonly model: string;
  /** In the contract's numbering. */
  readonly modality: bigint;
  readonly params: PromptParams;
  /** The most tokens that a node can be paid for. */
  readonly mostTokens: { readonly input: bigint; readonly output: bigint };
  readonly maxFeePerToken: bigint;
  readonly nodesToSample: bigint | undefined;
}

/** Samples nodes for a prompt, takes the deposit for all its leaves, and opens its ticket. */
export function openTicket(
  call: Call,
  database: Database,
  order: PromptOrder,
  options: { readonly crossValidationChunks: number },
): TicketRecord {
  const { context } = call;
  const model = orderedModel(call, database, order);
  const { echelon, nodes } = sampleNodes(call, database, model, order);
  const chunks = order.nodesToSample === undefined ? options.crossValidationChunks : nodes.length;
  const deposit = mostFee(call, order, echelon) * BigInt(chunks);
  if (deposit > U64_MAX) throw overflow(call);
  order.balance.split(deposit);
  const ticket: TicketRecord = {
    id: context.newId(),
    payer: context.sender,
    model: model.name,
    echelon: echelon.id,
    inputFeePerToken: echelon.inputFeePerToken,
    outputFeePerToken: echelon.outputFeePerToken,
    settlementTimeoutMs: echelon.settlementTimeoutMs,
    round: roundFrom(context),
    timedOutCount: 0n,
    places: nodes.map((node) => ({ node, answer: undefined })),
    replaced: [],
    chunks,
    retryAtNodes: undefined,
    claim: undefined,
    dispute: undefined,
    held: deposit,
  };
  database.putTicket(order.database, ticket);
  createTicket(context, database.ids, ticket, order.params);
  return ticket;
}

function orderedModel(call: Call, database: Database, order: PromptOrder): Model {
  const model = database.model(order.model);
  if (model.disabled) throw call.abort(ABORT.modelDisabled, `the model '${model.name}' is disabled`);
  if (model.modality === order.modality) return model;
  const message = `the model '${model.name}' has modality ${model.modality}, the prompt ${order.modality}`;
  throw call.abort(ABORT.modalityMismatch, message);
}

/**
 * One echelon among those that have enough nodes within the fee, and nodes of it without replacement. Without
 * `nodes_to_sample` it is one node, and others may be asked later.
 */
function sampleNodes(
  call: Call,
  database: Database,
  model: Model,
  order: PromptOrder,
): { readonly echelon: Echelon; readonly nodes: readonly bigint[] } {
  const count = order.nodesToSample ?? 1n;
  if (count < 1n || count > MAX_SAMPLED_NODES) {
    throw call.abort(ABORT.tooManyNodesToSample, `${count} nodes, wanted 1 to ${MAX_SAMPLED_NODES}`);
  }
  const eligible = model.echelons
    .filter(({ inputFeePerToken, outputFeePerToken }) => {
      return inputFeePerToken <= order.maxFeePerToken && outputFeePerToken <= order.maxFeePerToken;
    })
    .map((echelon) => ({ echelon, active: activeNodes(database, echelon) }))
    .filter(({ active }) => BigInt(active.length) >= count);
  const chosen = pick(call.context.random, eligible);
  if (chosen === undefined) {
    const message = `no echelon of '${model.name}' has ${count} nodes within a fee of ${order.maxFeePerToken}`;
    throw call.abort(ABORT.noEligibleEchelons, message);
  }
  return { echelon: chosen.echelon, nodes: sample(call.context.random, chosen.active, Number(count)) };
}

function mostFee(call: Call, { mostTokens }: PromptOrder, echelon: Echelon): bigint {
  const fee = mostTokens.input * echelon.inputFeePerToken + mostTokens.output * echelon.outputFeePerToken;
  if (fee > U64_MAX) throw overflow(call);
  return fee;
}

/** What Move's checked arithmetic does where a u64 does not suffice. */
function overflow({ abort }: Call): ExecutionFailure {
  const { reason, message } = abort(0, 'the fee is more than a u64 holds');
  const location =
    reason.kind === 'moveAbort' ? reason.location : { packageId: '', module: '', functionName: '' };
  return new ExecutionFailure({ kind: 'arithmetic', location }, message);
}
