import { z } from 'zod';
import type { ErrorData, NumericProfile, PromptEvent, PromptParams, TicketAnswer } from '../core/index.js';

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
  promptTokens: z.array(z.number()).default([]),
  outputTokens: z.number(),
  finishReason: z.enum(['stop', 'length', 'context']),
  timings: z.object({ prefillMs: z.number(), decodeMs: z.number() }),
  root: z.string(),
  leaf: z.string(),
  tokensPerSecond: z.number(),
  profile: z.string().default(''),
});

const ErrorRecord = z.object({
  code: z.string(),
  message: z.string(),
  fields: z.record(z.string(), z.unknown()),
});

const Profile = z.object({
  id: z.string(),
  weights: z.string(),
  engine: z.string(),
  build: z.string(),
  backend: z.enum(['llama', 'onnx', 'wasm']),
  device: z.string(),
  threads: z.number(),
  contextSize: z.number(),
  batchSize: z.number(),
  flashAttention: z.boolean(),
  sampler: z.string(),
  verdict: z.enum(['batch-invariant', 'exclusive']),
}) satisfies z.ZodType<NumericProfile>;

/** A prompt event as a list: the names of its fields would be a third of what a backlog writes. */
const Prompt = z.tuple([
  z.string(),
  z.number().nullable(),
  u64.nullable(),
  u64,
  z.array(u64),
  z.base64(),
  z.tuple([
    Params.shape.model,
    Params.shape.prompt,
    Params.shape.prePromptTokens,
    Params.shape.prependOutputWithInput,
    u64,
    u64,
    u64,
    float,
    Params.shape.shouldStreamOutput,
    float,
    u64,
    float,
  ]),
]);

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

export function profileToJson(profile: NumericProfile): string {
  return JSON.stringify(profile);
}

export function profileFromJson(json: string): NumericProfile {
  return Profile.parse(JSON.parse(json));
}

export function promptToJson(event: PromptEvent): string {
  const { params } = event;
  const record: z.input<typeof Prompt> = [
    event.id,
    event.timestampMs ?? null,
    event.checkpoint?.toString() ?? null,
    event.chunksCount.toString(),
    event.nodes.map(String),
    Buffer.from(event.outputDestination).toString('base64'),
    [
      params.model,
      params.prompt,
      [...params.prePromptTokens],
      params.prependOutputWithInput,
      params.maxTokens.toString(),
      params.randomSeed.toString(),
      params.repeatLastN.toString(),
      floatToJson(params.repeatPenalty),
      params.shouldStreamOutput,
      floatToJson(params.temperature),
      params.topK.toString(),
      floatToJson(params.topP),
    ],
  ];
  return JSON.stringify(record);
}

export function promptFromJson(ticketId: string, json: string): PromptEvent {
  const [id, timestampMs, checkpoint, chunksCount, nodes, destination, params] = Prompt.parse(
    JSON.parse(json),
  );
  const [model, prompt, prePromptTokens, prependOutputWithInput, maxTokens, randomSeed, ...rest] = params;
  const [repeatLastN, repeatPenalty, shouldStreamOutput, temperature, topK, topP] = rest;
  return {
    kind: 'prompt',
    ticketId,
    id,
    timestampMs: timestampMs ?? undefined,
    checkpoint: checkpoint ?? undefined,
    chunksCount,
    nodes,
    outputDestination: Uint8Array.from(Buffer.from(destination, 'base64')),
    params: {
      model,
      prompt,
      prePromptTokens,
      prependOutputWithInput,
      maxTokens,
      randomSeed,
      repeatLastN,
      repeatPenalty,
      shouldStreamOutput,
      temperature,
      topK,
      topP,
    },
  };
}
