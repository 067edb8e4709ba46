import type { Logger } from 'pino';
import type { InferenceConfig } from '../config/index.js';
import { resolveModelFile } from '../models/index.js';
import { Device, type ModelSpec } from '../workers/index.js';

/**
 * One device process, not yet started, for every device that the configuration names.
 * @throws AtomaError `model_not_found`, `model_not_local`.
 */
export async function planDevices(
  config: InferenceConfig,
  modules: { readonly logger: Logger },
): Promise<readonly Device[]> {
  const byDevice = new Map<number | 'cpu', ModelSpec[]>();
  for (const model of config.models) {
    const spec: ModelSpec = {
      name: model.name,
      file: await resolveModelFile(model),
      useFlashAttention: model.useFlashAttention,
      ...config.pool,
    };
    const specs = byDevice.get(model.device) ?? [];
    specs.push(spec);
    byDevice.set(model.device, specs);
  }
  return [...byDevice].map(([device, models]) => new Device({ device, models }, undefined, modules));
}
