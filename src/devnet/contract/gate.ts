import { ABORT, EVENT_LAYOUTS, Text2TextPromptParams } from '../../chain/index.js';
import { U64_MAX } from '../../core/index.js';
import { ExecutionFailure } from '../move/failure.js';
import type { Call } from '../move/function.js';
import type { Balance, MoveValue, ObjectValue } from '../move/values.js';
import { pick, randomU64, sample } from '../random.js';
import type { Database } from './database.js';
import { emitEvent } from './emit.js';
import { promptParamsType } from './names.js';
import type { Echelon, Model, TicketRecord } from './records.js';
import { createTicket } from './ticket-objects.js';

/** Text2text in the contract's numbering of modalities. */
const TEXT2TEXT = 0n;
/** More nodes than this cannot be sampled for one prompt. */
const MAX_SAMPLED_NODES = 256n;
/** A BOS token, where a model's tokenizer adds one. */
const BOS_TOKENS = 1n;

type Params = typeof Text2TextPromptParams.$inferInput;

interface Order {
  readonly database: ObjectValue;
  readonly balance: Balance;
  readonly params: Params;
  readonly maxFeePerToken: bigint;
  readonly nodesToSample: bigint | undefined;
  readonly outputDestination: Uint8Array;
}

/** Modules `atoma::gate` and `atoma::prompts`: prompts come in, nodes are sampled, the fee is taken. */
export class Gate {
  readonly #options: { readonly crossValidationChunks: number };
  readonly #database: Database;

  /** @param options.crossValidationChunks leaves of a prompt without `nodes_to_sample`; 1 asks nobody else */
  constructor(options: { readonly crossValidationChunks: number }, modules: { readonly database: Database }) {
    this.#options = options;
    this.#database = modules.database;
  }

  /** `gate::create_text2text_prompt_params`: the fields in the order of the struct, which is alphabetical. */
  createParams({ args }: Call): readonly MoveValue[] {
    const params = Text2TextPromptParams.serialize({
      max_tokens: args.u64(0),
      model: args.text(1),
      pre_prompt_tokens: args.u32Vector(2),
      prepend_output_with_input: args.bool(3),
      prompt: args.text(4),
      random_seed: args.u64(5),
      repeat_last_n: args.u64(6),
      repeat_penalty: args.u32(7),
      should_stream_output: args.bool(8),
      temperature: args.u32(9),
      top_k: args.u64(10),
      top_p: args.u32(11),
    });
    return [{ kind: 'struct', type: promptParamsType(this.#database.ids), bytes: params.toBytes() }];
  }

  /** `gate::submit_text2text_prompt(db, balance, params, max_fee_per_token, nodes_to_sample, output_destination, random)` */
  submitText2Text(call: Call): undefined {
    const { args } = call;
    this.#submit(call, {
      database: args.object(0),
      balance: args.balance(1),
      params: Text2TextPromptParams.parse(args.bytes(2)),
      maxFeePerToken: args.u64(3),
      nodesToSample: args.optionalU64(4),
      outputDestination: args.byteVector(5),
    });
  }

  /** `prompts::send_prompt`: params and submission in one call; the seed is drawn on chain. */
  sendPrompt(call: Call): undefined {
    const { args, context } = call;
    const params: Params = {
      model: args.text(2),
      pre_prompt_tokens: args.u32Vector(4),
      prepend_output_with_input: args.bool(5),
      prompt: args.text(7),
      random_seed: randomU64(context.random),
      should_stream_output: args.bool(8),
      max_tokens: args.u64(9),
      repeat_last_n: args.u64(10),
      repeat_penalty: args.u32(11),
      temperature: args.u32(12),
      top_k: args.u64(13),
      top_p: args.u32(14),
    };
    this.#submit(call, {
      database: args.object(0),
      balance: args.balance(1),
      params,
      outputDestination: args.byteVector(3),
      maxFeePerToken: args.u64(6),
      nodesToSample: args.optionalU64(15),
    });
  }

  #submit(call: Call, order: Order): void {
    const { context } = call;
    const { ids } = this.#database;
    const model = this.#database.model(order.params.model);
    if (model.disabled) throw call.abort(ABORT.modelDisabled, `the model '${model.name}' is disabled`);
    if (model.modality !== TEXT2TEXT) {
      throw call.abort(ABORT.modalityMismatch, `the model '${model.name}' is no text2text model`);
    }
    const { echelon, nodes } = this.#sampleNodes(call, model, order);
    const chunks = order.nodesToSample === undefined ? this.#options.crossValidationChunks : nodes.length;
    const deposit = worstCaseFee(call, order.params, echelon) * BigInt(chunks);
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
      startedInEpoch: context.epoch,
      startedAtMs: context.epochStartMs,
      nodes,
      chunks,
      leaves: nodes.map(() => undefined),
      claim: undefined,
      disputed: false,
      held: deposit,
    };
    this.#database.putTicket(order.database, ticket);
    createTicket(context, ids, ticket, order.params);
    const event = EVENT_LAYOUTS['gate::Text2TextPromptEvent'].serialize({
      ticket_id: ticket.id,
      params: order.params,
      chunks_count: BigInt(chunks),
      nodes: nodes.map((inner) => ({ inner })),
      output_destination: order.outputDestination,
    });
    emitEvent(context, ids, 'gate::Text2TextPromptEvent', event);
  }

  /**
   * One echelon among those that have enough nodes within the fee, and nodes of it without replacement.
   * Without `nodes_to_sample` it is one node, and others may be asked later.
   */
  #sampleNodes(
    call: Call,
    model: Model,
    order: Order,
  ): { readonly echelon: Echelon; readonly nodes: readonly bigint[] } {
    const count = order.nodesToSample ?? 1n;
    if (count < 1n || count > MAX_SAMPLED_NODES) {
      throw call.abort(ABORT.tooManyNodesToSample, `${count} nodes, wanted 1 to ${MAX_SAMPLED_NODES}`);
    }
    const eligible = model.echelons
      .filter(({ inputFeePerToken, outputFeePerToken }) => {
        return inputFeePerToken <= order.maxFeePerToken && outputFeePerToken <= order.maxFeePerToken;
      })
      .map((echelon) => ({ echelon, active: this.#activeNodes(echelon) }))
      .filter(({ active }) => BigInt(active.length) >= count);
    const chosen = pick(call.context.random, eligible);
    if (chosen === undefined) {
      const message = `no echelon of '${model.name}' has ${count} nodes within a fee of ${order.maxFeePerToken}`;
      throw call.abort(ABORT.noEligibleEchelons, message);
    }
    const nodes = sample(call.context.random, chosen.active, Number(count));
    return { echelon: chosen.echelon, nodes };
  }

  #activeNodes(echelon: Echelon): bigint[] {
    return echelon.nodes.filter((id) => this.#database.nodes.get(id)?.disabledInEpoch === undefined);
  }
}

/**
 * What one node can earn at most: a token is at least one byte of the prompt, so its bytes bound its tokens.
 */
function worstCaseFee(call: Call, params: Params, echelon: Echelon): bigint {
  const promptBytes = BigInt(Buffer.byteLength(params.prompt, 'utf8'));
  const input = promptBytes + BigInt([...params.pre_prompt_tokens].length) + BOS_TOKENS;
  const fee = input * echelon.inputFeePerToken + BigInt(params.max_tokens) * echelon.outputFeePerToken;
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
