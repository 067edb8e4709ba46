import { z } from 'zod';
import type { ErrorData, PromptEvent, PromptParams, TicketAnswer } from '../core/index.js';

const u64 = z
  .string()
  .regex(/^\d{1,20}$/)
  .transform(BigInt);

/** JSON has no NaN, infinities or -0, and the chain does hold them. */
const float = z.union([z.number(), z.enum(['NaN', 'Infinity', '-Infinity', '-0']).transform(Number)]);

const Params = z.object({
  model: z.string(),
  prompt: z.string(),
  prePromptTokens: z.array(z.number()),
  prependOutputWithInput: z.boolean(),
  maxTokens: u64,
  randomSeed: u64,
  repeatLastN: u64,
  repeatPenalty: float,
  shouldStreamOutput: z.boolean(),
  temperature: float,
  topK: u64,
  topP: float,
});

const Answer = z.object({
  text: z.string(),
  tokens: z.array(z.number()),
  inputTokens: z.number(),
  outputTokens: z.number(),
  finishReason: z.enum(['stop', 'length', 'context']),
  timings: z.object({ prefillMs: z.number(), decodeMs: z.number() }),
  root: z.string(),
  leaf: z.string(),
  tokensPerSecond: z.number(),
});

const ErrorRecord = z.object({
  code: z.string(),
  message: z.string(),
  fields: z.record(z.string(), z.unknown()),
});

const Prompt = z.object({
  id: z.string(),
  timestampMs: z.number().optional(),
  checkpoint: u64.optional(),
  params: Params,
  chunksCount: u64,
  nodes: z.array(u64),
  outputDestination: z.base64(),
});

/** bigint as decimal text, floats as they are. */
function replacer(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'number' && (!Number.isFinite(value) || Object.is(value, -0))) {
    return Object.is(value, -0) ? '-0' : String(value);
  }
  return value;
}

export function paramsToJson(params: PromptParams): string {
  return JSON.stringify(params, replacer);
}

export function paramsFromJson(json: string): PromptParams {
  return Params.parse(JSON.parse(json));
}

export function answerToJson(answer: TicketAnswer): string {
  return JSON.stringify(answer, replacer);
}

export function answerFromJson(json: string): TicketAnswer {
  return Answer.parse(JSON.parse(json));
}

export function errorToJson({ code, message, fields }: ErrorData): string {
  return JSON.stringify({ code, message, fields }, replacer);
}

export function errorFromJson(json: string): ErrorData {
  return ErrorRecord.parse(JSON.parse(json));
}

export function promptToJson(event: PromptEvent): string {
  const { id, timestampMs, checkpoint, params, chunksCount, nodes } = event;
  const outputDestination = Buffer.from(event.outputDestination).toString('base64');
  const record = { id, timestampMs, checkpoint, params, chunksCount, nodes, outputDestination };
  return JSON.stringify(record, replacer);
}

export function promptFromJson(ticketId: string, json: string): PromptEvent {
  const { timestampMs, checkpoint, outputDestination, ...rest } = Prompt.parse(JSON.parse(json));
  return {
    kind: 'prompt',
    ticketId,
    ...rest,
    timestampMs,
    checkpoint,
    outputDestination: Uint8Array.from(Buffer.from(outputDestination, 'base64')),
  };
}
