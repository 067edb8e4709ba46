import type { Logger } from 'pino';
import type { InferenceConfig } from '../config/index.js';
import { ModelStore } from '../models/index.js';
import { Device, type ModelSpec } from '../workers/index.js';

/**
 * One device process, not yet started, for every device that the configuration names.
 * @throws AtomaError `model_not_found`, `model_not_local`.
 */
export async function planDevices(
  config: InferenceConfig,
  modules: { readonly logger: Logger },
): Promise<readonly { device: Device; models: readonly ModelSpec[] }[]> {
  const store = new ModelStore({ cacheDir: config.cacheDir, apiKey: config.apiKey });
  const byDevice = new Map<string, ModelSpec[]>();
  for (const model of config.models) {
    const { weights, source } = await store.obtain(model, ['gguf'], {
      signal: new AbortController().signal,
      onProgress: () => undefined,
    });
    const spec: ModelSpec = {
      name: model.name,
      weights,
      source,
      backend: 'llama',
      backendReason: '',
      useFlashAttention: model.useFlashAttention,
      ...config.pool,
    };
    for (const device of model.devices) byDevice.set(device, [...(byDevice.get(device) ?? []), spec]);
  }
  return [...byDevice].map(([label, models]) => ({
    device: new Device({ device: label, gpu: false, visible: {} }, undefined, modules),
    models,
  }));
}
