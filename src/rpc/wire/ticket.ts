import { z } from 'zod';
import type { PromptParams, Ticket, TicketAnswer } from '../../core/index.js';
import { FinishReasonSchema } from './completion.js';
import { fieldsToWire, hex } from './fields.js';
import { anyObject, count, hash, timeMs, tokenIds, u64Text, type WireOf } from './schema.js';
import { TICKET_STATES } from './ticket-states.js';

const TicketState = z
  .enum(TICKET_STATES)
  .meta({ id: 'TicketState', description: 'Where a ticket stands, for this node.' });

const Params = z.object({
  model: z.string(),
  prompt: z.string(),
  pre_prompt_tokens: tokenIds,
  prepend_output_with_input: z.boolean(),
  max_tokens: u64Text,
  random_seed: u64Text,
  repeat_last_n: u64Text,
  repeat_penalty: z.number(),
  should_stream_output: z.boolean(),
  temperature: z.number(),
  top_k: u64Text,
  top_p: z.number(),
});

const Answer = z.object({
  text: z.string(),
  tokens: tokenIds,
  input_tokens: count,
  output_tokens: count,
  finish_reason: FinishReasonSchema,
  root: hash,
  leaf: hash,
  tokens_per_second: z.number(),
});

export const TicketSchema = z
  .object({
    id: z.string(),
    state: TicketState,
    ...Params.shape,
    leaf_index: u64Text.describe('Which leaf of the commitment is this node’s.'),
    chunks_count: u64Text,
    output_destination: z.string().describe('Bytes as hexadecimal digits, as the contract has them.'),
    event_id: z.string().describe('The chain event that brought it.'),
    received_at_ms: timeMs,
    deadline_ms: timeMs,
    first_token_at_ms: timeMs.nullable(),
    history: z.array(z.object({ state: TicketState, at: timeMs, reason: z.string().nullable() })),
    answer: Answer.nullable(),
    digest: z.string().nullable().describe('Of the transaction that committed.'),
    late: z.boolean().describe('Committed, or given up, after its deadline.'),
    error: z.object({ code: z.string(), message: z.string(), fields: anyObject }).nullable(),
  })
  .meta({
    id: 'Ticket',
    description: 'A prompt that the chain gave this node. What is not known yet is null.',
  });

/** A ticket as clients get it: what is not known yet is null, u64 are decimal strings, hashes are hex. */
export function ticketToWire(ticket: Ticket): WireOf<typeof TicketSchema> {
  return {
    id: ticket.id,
    state: ticket.state,
    ...paramsToWire(ticket.params),
    leaf_index: ticket.leafIndex.toString(),
    chunks_count: ticket.chunksCount.toString(),
    output_destination: hex(ticket.outputDestination),
    event_id: ticket.eventId,
    received_at_ms: ticket.receivedAtMs,
    deadline_ms: ticket.deadlineMs,
    first_token_at_ms: ticket.firstTokenAtMs ?? null,
    history: ticket.history.map(({ state, atMs, reason }) => ({ state, at: atMs, reason: reason ?? null })),
    answer: ticket.answer === undefined ? null : answerToWire(ticket.answer),
    digest: ticket.digest ?? null,
    late: ticket.late,
    error:
      ticket.error === undefined
        ? null
        : {
            code: ticket.error.code,
            message: ticket.error.message,
            fields: fieldsToWire(ticket.error.fields),
          },
  };
}

function paramsToWire(params: PromptParams): WireOf<typeof Params> {
  return {
    model: params.model,
    prompt: params.prompt,
    pre_prompt_tokens: params.prePromptTokens,
    prepend_output_with_input: params.prependOutputWithInput,
    max_tokens: params.maxTokens.toString(),
    random_seed: params.randomSeed.toString(),
    repeat_last_n: params.repeatLastN.toString(),
    repeat_penalty: params.repeatPenalty,
    should_stream_output: params.shouldStreamOutput,
    temperature: params.temperature,
    top_k: params.topK.toString(),
    top_p: params.topP,
  };
}

function answerToWire(answer: TicketAnswer): WireOf<typeof Answer> {
  return {
    text: answer.text,
    tokens: answer.tokens,
    input_tokens: answer.inputTokens,
    output_tokens: answer.outputTokens,
    finish_reason: answer.finishReason,
    root: answer.root,
    leaf: answer.leaf,
    tokens_per_second: answer.tokensPerSecond,
  };
}
