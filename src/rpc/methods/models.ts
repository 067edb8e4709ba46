import { z } from 'zod';
import { defineMethod, type Method } from '../json-rpc/method.js';
import type { NodeApi } from '../node-api.js';
import { FailedModelSchema, failedModelToWire, ModelSchema, modelToWire } from '../wire/model.js';

/** Longest path of Linux; names and repositories are shorter. */
const MAX_TEXT = 4096;
/** More than any machine has. */
const MAX_DEVICES = 64;

const text = z.string().trim().min(1).max(MAX_TEXT);

const GPU_WANTED = 'wanted the index of a GPU or its UUID ("GPU-…")';
const gpu = z.union([z.int().min(0).transform(String), z.string().regex(/^(GPU|MIG)-[0-9a-f-]+$/i)], {
  error: GPU_WANTED,
});
/** As `device` of the configuration: `"cpu"`, one GPU, or a list of different ones. */
const devices = z
  .union([z.literal('cpu').transform((label) => [label]), gpu.transform((label) => [label]), z.array(gpu)], {
    error: `${GPU_WANTED}, a list of those, or "cpu"`,
  })
  .refine((labels) => labels.length > 0 && labels.length <= MAX_DEVICES, {
    error: `wanted 1 to ${MAX_DEVICES} devices`,
  })
  .refine((labels) => new Set(labels).size === labels.length, {
    error: 'wanted devices that are all different',
  })
  .describe('`"cpu"`, the index of a GPU or its UUID, or a list of different ones.');

const LoadParams = z.strictObject({
  model_type: text.describe('A model that the node knows, a repository of the hub, or an absolute path.'),
  device: devices.prefault('cpu'),
  name: text
    .optional()
    .describe('What prompts call it; default: `model_type`, or the last part of its path.'),
  precision: text.default('q8_0'),
  revision: text.default('main'),
  use_flash_attention: z.boolean().default(false),
  backend: z.enum(['auto', 'llama', 'onnx', 'wasm']).default('auto'),
});

const UnloadParams = z.strictObject({
  name: text,
  device: z
    .union([z.int().min(0).transform(String), text])
    .optional()
    .describe('`"cpu"`, the index of a GPU, or its UUID; default: every device that has the model.'),
});

/** What a load may fail of. */
const LOAD_ERRORS = [
  ...([
    'model_exists',
    'model_not_found',
    'model_not_known',
    'model_unsupported',
    'model_forbidden',
  ] as const),
  ...(['model_load_failed', 'model_unsafe_path', 'no_model_loaded', 'device_not_found'] as const),
  ...(['backend_unavailable', 'insufficient_memory', 'hub_unreachable', 'hub_unavailable'] as const),
  ...(['hub_busy', 'hub_refused', 'download_corrupt', 'disk_full', 'cache_unwritable'] as const),
  ...(['lock_unavailable', 'cache_changed', 'not_ready'] as const),
];

const LoadResult = z.object({
  models: z.array(ModelSchema).describe('One for each device that has it now.'),
  failed_models: z.array(FailedModelSchema),
});

const UnloadResult = z.object({ unloaded: z.array(z.object({ name: z.string(), device: z.string() })) });

/**
 * `atoma_loadModel` and `atoma_unloadModel`, for clients with the admin token. What they change lasts until the
 * node ends: the configuration is left as it is. A load answers when the model serves, after minutes or hours where
 * it is downloaded, and goes on where its client goes away; an unload turns it back.
 */
export function modelMethods(node: NodeApi): readonly Method[] {
  const loadModel = defineMethod({
    name: 'atoma_loadModel',
    scopes: ['admin'],
    docs: {
      summary: 'Brings a model to devices, and answers when it serves',
      description:
        'That takes minutes or hours where it is downloaded, and goes on where the client goes away. It lasts until the node ends: the configuration is left as it is.',
      errors: LOAD_ERRORS,
    },
    params: LoadParams,
    result: LoadResult,
    run: async (params) => {
      const { model_type: modelType, use_flash_attention: useFlashAttention, device, ...rest } = params;
      const { models, failedModels } = await node.loadModel({
        ...{ modelType, useFlashAttention, devices: device, name: rest.name },
        ...{ precision: rest.precision, revision: rest.revision, backend: rest.backend },
      });
      return { models: models.map(modelToWire), failed_models: failedModels.map(failedModelToWire) };
    },
  });
  const unloadModel = defineMethod({
    name: 'atoma_unloadModel',
    scopes: ['admin'],
    docs: {
      summary: 'Takes a model off its devices, and answers when their memory is free again',
      description: 'Requests of it that run get some time to end. It turns back a load that is under way.',
      errors: ['unknown_model'],
    },
    params: UnloadParams,
    result: UnloadResult,
    examples: [
      {
        name: 'from everywhere',
        params: { name: 'atoma-tiny' },
        result: { unloaded: [{ name: 'atoma-tiny', device: 'cpu' }] },
      },
    ],
    run: ({ name, device }) => node.unloadModel({ name, device }),
  });
  return [loadModel, unloadModel];
}
