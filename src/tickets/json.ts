import { z } from 'zod';
import type { ErrorData, PromptEvent, PromptParams, TicketAnswer } from '../core/index.js';

const u64 = z
  .string()
  .regex(/^\d{1,20}$/)
  .transform(BigInt);

/** JSON has no NaN, infinities or -0, and the chain does hold them. */
const float = z.union([z.number(), z.string().transform(Number)]);

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

/** What `JSON.stringify` would lose of a float, as text. */
function floatToJson(value: number): number | string {
  if (Object.is(value, -0)) return '-0';
  return Number.isFinite(value) ? value : String(value);
}

/** By hand rather than with a replacer: every prompt of a backlog passes here, and a replacer is called per key. */
function plainParams(params: PromptParams): z.input<typeof Params> {
  return {
    ...params,
    prePromptTokens: [...params.prePromptTokens],
    maxTokens: params.maxTokens.toString(),
    randomSeed: params.randomSeed.toString(),
    repeatLastN: params.repeatLastN.toString(),
    repeatPenalty: floatToJson(params.repeatPenalty),
    temperature: floatToJson(params.temperature),
    topK: params.topK.toString(),
    topP: floatToJson(params.topP),
  };
}

export function paramsToJson(params: PromptParams): string {
  return JSON.stringify(plainParams(params));
}

export function paramsFromJson(json: string): PromptParams {
  return Params.parse(JSON.parse(json));
}

export function answerToJson(answer: TicketAnswer): string {
  return JSON.stringify(answer);
}

export function answerFromJson(json: string): TicketAnswer {
  return Answer.parse(JSON.parse(json));
}

export function errorToJson({ code, message, fields }: ErrorData): string {
  return JSON.stringify({ code, message, fields }, (_key, value: unknown) =>
    typeof value === 'bigint' ? value.toString() : value,
  );
}

export function errorFromJson(json: string): ErrorData {
  return ErrorRecord.parse(JSON.parse(json));
}

export function promptToJson(event: PromptEvent): string {
  const record: z.input<typeof Prompt> = {
    id: event.id,
    timestampMs: event.timestampMs,
    checkpoint: event.checkpoint?.toString(),
    params: plainParams(event.params),
    chunksCount: event.chunksCount.toString(),
    nodes: event.nodes.map(String),
    outputDestination: Buffer.from(event.outputDestination).toString('base64'),
  };
  return JSON.stringify(record);
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
