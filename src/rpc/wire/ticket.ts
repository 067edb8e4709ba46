import type { PromptParams, Ticket, TicketAnswer } from '../../core/index.js';
import { fieldsToWire, hex } from './fields.js';

/** A ticket as clients get it: what is not known yet is null, u64 are decimal strings, hashes are hex. */
export function ticketToWire(ticket: Ticket): Record<string, unknown> {
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

function paramsToWire(params: PromptParams): Record<string, unknown> {
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

function answerToWire(answer: TicketAnswer): Record<string, unknown> {
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
