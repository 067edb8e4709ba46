import type { Attributes } from '@opentelemetry/api';
import { AtomaError, type Completion, type ErrorData, type Job, type Ticket } from '../../core/index.js';

/**
 * Names of OpenTelemetry's semantic conventions 1.45 (https://opentelemetry.io/docs/specs/semconv/registry/attributes/).
 * Those that are not stable yet are to be copied, as its package says, since they come and go there.
 */
export const ATTR = {
  errorType: 'error.type',
  rpcSystem: 'rpc.system',
  rpcMethod: 'rpc.method',
  httpMethod: 'http.request.method',
  httpRoute: 'http.route',
  httpStatus: 'http.response.status_code',
  urlPath: 'url.path',
  clientAddress: 'client.address',
  smallId: 'atoma.node.small_id',
  device: 'atoma.device',
  ticketId: 'atoma.ticket.id',
  ticketOutcome: 'atoma.ticket.outcome',
  requestId: 'atoma.request.id',
  digest: 'atoma.transaction.digest',
} as const;

/** What a ticket asks, without its prompt. */
export function ticketAttributes(ticket: Ticket): Attributes {
  return {
    [ATTR.ticketId]: ticket.id,
    'atoma.event.id': ticket.eventId,
    'atoma.ticket.leaf_index': String(ticket.leafIndex),
    'atoma.ticket.chunks_count': String(ticket.chunksCount),
    'atoma.ticket.deadline': new Date(ticket.deadlineMs).toISOString(),
    'gen_ai.request.model': ticket.params.model,
  };
}

/** What a run is asked, without its prompt. */
export function jobAttributes({ params, reproducible, extras }: Job): Attributes {
  const { model, maxTokens, temperature, topP, topK, randomSeed } = params;
  return {
    'gen_ai.operation.name': operationOf(extras?.embed ?? false),
    'gen_ai.provider.name': 'atoma',
    'gen_ai.request.model': model,
    'gen_ai.request.max_tokens': Number(maxTokens),
    'gen_ai.request.temperature': temperature,
    'gen_ai.request.top_p': topP,
    'gen_ai.request.top_k': Number(topK),
    // Beyond 2^53 an attribute cannot hold it.
    ...(randomSeed <= BigInt(Number.MAX_SAFE_INTEGER) && { 'gen_ai.request.seed': Number(randomSeed) }),
    'atoma.job.reproducible': reproducible,
  };
}

/** As the conventions name a run: what is done, and by which model. */
export function jobName({ params, extras }: Job): string {
  return `${operationOf(extras?.embed ?? false)} ${params.model}`;
}

/** What came of a run, without its text. */
export function completionAttributes({ inputTokens, tokens, finishReason, profile }: Completion): Attributes {
  return {
    'gen_ai.usage.input_tokens': inputTokens,
    'gen_ai.usage.output_tokens': tokens.length,
    'gen_ai.response.finish_reasons': [finishReason],
    'atoma.profile.id': profile,
  };
}

/** The code of one of our errors, else the error's class: few different values, as `error.type` asks. */
export function errorTypeOf(error: unknown): string {
  if (error instanceof AtomaError) return error.code;
  if (isErrorData(error)) return error.code;
  return error instanceof Error ? error.name : 'unknown';
}

function isErrorData(error: unknown): error is Pick<ErrorData, 'code'> {
  return typeof error === 'object' && error !== null && !(error instanceof Error) && 'code' in error;
}

function operationOf(isEmbedding: boolean): string {
  return isEmbedding ? 'embeddings' : 'text_completion';
}
