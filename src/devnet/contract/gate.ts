import { EVENT_LAYOUTS, Text2ImagePromptParams, Text2TextPromptParams } from '../../chain/index.js';
import type { Call } from '../move/function.js';
import type { MoveValue } from '../move/values.js';
import { randomU64 } from '../random.js';
import type { Database } from './database.js';
import { emitEvent } from './emit.js';
import { imageParamsType, textParamsType } from './names.js';
import { openTicket, type PromptOrder } from './prompt-order.js';
import type { TicketRecord } from './records.js';

/** The contract's numbering of modalities. */
const TEXT2TEXT = 0n;
const TEXT2IMAGE = 1n;
/** A BOS token, where a model's tokenizer adds one. */
const BOS_TOKENS = 1n;

type TextParams = typeof Text2TextPromptParams.$inferInput;
type ImageParams = typeof Text2ImagePromptParams.$inferInput;
/** What a submission says besides its params, which decide the rest. */
type Terms = Pick<PromptOrder, 'database' | 'balance' | 'maxFeePerToken' | 'nodesToSample'> & {
  readonly outputDestination: Uint8Array;
};

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
  createTextParams({ args }: Call): readonly MoveValue[] {
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
    return [{ kind: 'struct', type: textParamsType(this.#database.ids), bytes: params.toBytes() }];
  }

  /** `gate::create_text2image_prompt_params`: the fields in the order of the struct, which is alphabetical. */
  createImageParams({ args }: Call): readonly MoveValue[] {
    const params = Text2ImagePromptParams.serialize({
      guidance_scale: args.u32(0),
      height: args.u64(1),
      img2img: args.optionalText(2),
      img2img_strength: args.u32(3),
      model: args.text(4),
      n_steps: args.u64(5),
      num_samples: args.u64(6),
      output_destination: args.byteVector(7),
      prompt: args.text(8),
      random_seed: args.u64(9),
      uncond_prompt: args.text(10),
      width: args.u64(11),
    });
    return [{ kind: 'struct', type: imageParamsType(this.#database.ids), bytes: params.toBytes() }];
  }

  /** `gate::submit_text2text_prompt(db, balance, params, max_fee_per_token, nodes_to_sample, output_destination, random)` */
  submitText2Text(call: Call): undefined {
    this.#submitText(call, submissionTerms(call), Text2TextPromptParams.parse(call.args.bytes(2)));
  }

  /** `gate::submit_text2image_prompt`, with the same arguments. */
  submitText2Image(call: Call): undefined {
    const terms = submissionTerms(call);
    const bytes = call.args.bytes(2);
    const params = Text2ImagePromptParams.parse(bytes);
    const ticket = this.#open(call, terms, {
      model: params.model,
      modality: TEXT2IMAGE,
      params: { type: imageParamsType(this.#database.ids), bytes },
      mostTokens: { input: promptTokens(params.prompt), output: imageTokens(params) },
    });
    const layout = EVENT_LAYOUTS['gate::Text2ImagePromptEvent'];
    const event = layout.serialize({ ...eventFields(ticket, terms), params });
    emitEvent(call.context, this.#database.ids, 'gate::Text2ImagePromptEvent', event);
  }

  /** `prompts::send_prompt`: params and submission in one call; the seed is drawn on chain. */
  sendPrompt(call: Call): undefined {
    const { args, context } = call;
    const params: TextParams = {
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
    const terms = {
      database: args.object(0),
      balance: args.balance(1),
      outputDestination: args.byteVector(3),
      maxFeePerToken: args.u64(6),
      nodesToSample: args.optionalU64(15),
    };
    this.#submitText(call, terms, params);
  }

  #submitText(call: Call, terms: Terms, params: TextParams): void {
    const { ids } = this.#database;
    const bytes = Text2TextPromptParams.serialize(params).toBytes();
    const input = promptTokens(params.prompt) + BigInt([...params.pre_prompt_tokens].length);
    const ticket = this.#open(call, terms, {
      model: params.model,
      modality: TEXT2TEXT,
      params: { type: textParamsType(ids), bytes },
      mostTokens: { input, output: BigInt(params.max_tokens) },
    });
    const layout = EVENT_LAYOUTS['gate::Text2TextPromptEvent'];
    const event = layout.serialize({ ...eventFields(ticket, terms), params });
    emitEvent(call.context, ids, 'gate::Text2TextPromptEvent', event);
  }

  #open(call: Call, terms: Terms, rest: Omit<PromptOrder, keyof Terms>): TicketRecord {
    return openTicket(call, this.#database, { ...terms, ...rest }, this.#options);
  }
}

function submissionTerms({ args }: Call): Terms {
  return {
    database: args.object(0),
    balance: args.balance(1),
    maxFeePerToken: args.u64(3),
    nodesToSample: args.optionalU64(4),
    outputDestination: args.byteVector(5),
  };
}

function eventFields({ id, chunks, places }: TicketRecord, { outputDestination }: Terms) {
  return {
    ticket_id: id,
    chunks_count: BigInt(chunks),
    nodes: places.map(({ node }) => ({ inner: node })),
    output_destination: outputDestination,
  };
}

/** At most: a token is at least one byte of the prompt, so its bytes bound its tokens. */
function promptTokens(prompt: string): bigint {
  return BigInt(Buffer.byteLength(prompt, 'utf8')) + BOS_TOKENS;
}

/** An image counts as a token per pixel: the dev chain's own rule. */
function imageTokens({ width, height, num_samples: samples }: ImageParams): bigint {
  return BigInt(width) * BigInt(height) * BigInt(samples);
}
