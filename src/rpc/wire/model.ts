import { z } from 'zod';
import type { ModelInfo, NumericProfile } from '../../core/index.js';
import type { NodeInfo } from '../node-api.js';
import { backend, count, type WireOf } from './schema.js';

export const ProfileSchema = z
  .object({
    id: z.string().describe('blake2b-256 of the other fields as canonical JSON.'),
    weights: z.string().describe('sha256 of the weights.'),
    engine: z.string(),
    build: z.string(),
    backend,
    device: z.string(),
    threads: count,
    context_size: count,
    batch_size: count,
    flash_attention: z.boolean(),
    sampler: z.string(),
    verdict: z
      .enum(['batch-invariant', 'exclusive'])
      .describe('Whether an answer has the same bits whatever else is in its batch, as measured here.'),
  })
  .meta({
    id: 'NumericProfile',
    description: 'Everything that the bits of an answer depend on, besides params.',
  });

/** A numeric profile as clients get it; its `id` is that of the fields as the node names them. */
export function profileToWire(profile: NumericProfile): WireOf<typeof ProfileSchema> {
  const { contextSize, batchSize, flashAttention, ...rest } = profile;
  return {
    ...rest,
    context_size: contextSize,
    batch_size: batchSize,
    flash_attention: flashAttention,
  };
}

export const ModelSourceSchema = z
  .object({ repo: z.string(), revision: z.string(), commit: z.string() })
  .nullable()
  .describe('Where on the hub the weights came from; null for a local path.');

export const ModelSchema = z
  .object({
    name: z.string().describe('What prompts call it.'),
    file: z.string(),
    source: ModelSourceSchema,
    device: z.string().describe('`cpu`, the index of a GPU, or its UUID.'),
    backend,
    backend_reason: z.string(),
    description: z.string(),
    parameters: z.number(),
    file_bytes: z.number(),
    context_size: count.describe('Tokens that a prompt and its answer have together.'),
    trained_context_size: count,
    workers: count,
    sequences_per_worker: count,
    threads: count,
    batch_size: count,
    flash_attention: z.boolean(),
    gpu: z.string().describe('`cuda`, `vulkan`, `metal`, or `none`.'),
    memory_bytes: z.number().nullable(),
    profile: ProfileSchema,
    verdict_reason: z.string(),
    has_chat_template: z.boolean().describe('Whether its weights say how a chat is written.'),
    embedding_size: count.nullable().describe('Length of its embeddings; null where it makes none.'),
  })
  .meta({ id: 'Model', description: 'A model that is loaded on a device.' });

/** One element of the result of `atoma_listModels`. */
export function modelToWire(model: ModelInfo): WireOf<typeof ModelSchema> {
  return {
    name: model.name,
    file: model.file,
    source: model.source ?? null,
    device: model.device,
    backend: model.backend,
    backend_reason: model.backendReason,
    description: model.description,
    parameters: model.parameters,
    file_bytes: model.fileBytes,
    context_size: model.contextSize,
    trained_context_size: model.trainedContextSize,
    workers: model.workers,
    sequences_per_worker: model.sequencesPerWorker,
    threads: model.threads,
    batch_size: model.batchSize,
    flash_attention: model.flashAttention,
    gpu: model.gpu,
    memory_bytes: model.memoryBytes ?? null,
    profile: profileToWire(model.profile),
    verdict_reason: model.verdictReason,
    has_chat_template: model.chatTemplate !== undefined,
    embedding_size: model.embeddingSize ?? null,
  };
}

export const FailedModelSchema = z
  .object({
    name: z.string(),
    device: z.string(),
    code: z.string().describe('Of the error.'),
    message: z.string(),
  })
  .meta({ id: 'FailedModel', description: 'A model that a device does not serve although it was to.' });

/** An element of `failed_models`. */
export function failedModelToWire(
  failed: NodeInfo['failedModels'][number],
): WireOf<typeof FailedModelSchema> {
  const { name, device, code, message } = failed;
  return { name, device, code, message };
}
