import { z } from 'zod';
import { defineMethod, type Method } from '../json-rpc/method.js';
import type { NodeApi } from '../node-api.js';
import { failedModelToWire, modelToWire } from '../wire/node.js';

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
  });

const LoadParams = z.strictObject({
  model_type: text,
  device: devices.prefault('cpu'),
  name: text.optional(),
  precision: text.default('q8_0'),
  revision: text.default('main'),
  use_flash_attention: z.boolean().default(false),
  backend: z.enum(['auto', 'llama', 'onnx', 'wasm']).default('auto'),
});

const UnloadParams = z.strictObject({
  name: text,
  /** A label: `"cpu"`, the index of a GPU, or its UUID. */
  device: z.union([z.int().min(0).transform(String), text]).optional(),
});

/**
 * `atoma_loadModel` and `atoma_unloadModel`, for clients with the admin token. What they change lasts until the
 * node ends: the configuration is left as it is. A load answers when the model serves, after minutes or hours where
 * it is downloaded, and goes on where its client goes away; an unload turns it back.
 */
export function modelMethods(node: NodeApi): readonly Method[] {
  const loadModel = defineMethod({
    name: 'atoma_loadModel',
    scope: 'admin',
    params: LoadParams,
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
    scope: 'admin',
    params: UnloadParams,
    run: ({ name, device }) => node.unloadModel({ name, device }),
  });
  return [loadModel, unloadModel];
}
