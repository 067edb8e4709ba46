import type { Logger } from 'pino';
import type { InferenceConfig } from '../config/index.js';
import { ModelStore } from '../models/index.js';
import {
  Device,
  type GpuChoice,
  type Hardware,
  type ModelSpec,
  planBackend,
  type ResolvedDevice,
} from '../workers/index.js';
import { findDevices } from './hardware.js';

/** The machine, and one device process, not yet started, for every device that the configuration names. */
export interface DevicePlan {
  readonly hardware: Hardware;
  readonly devices: readonly Device[];
}

/**
 * @param gpu what llama.cpp is to reach GPUs through
 * @throws AtomaError `model_not_found`, `model_not_local`, `device_not_found`, `backend_unavailable`.
 */
export async function planDevices(
  config: InferenceConfig,
  gpu: GpuChoice,
  modules: { readonly logger: Logger },
): Promise<DevicePlan> {
  const store = new ModelStore({ cacheDir: config.cacheDir, apiKey: config.apiKey });
  const { hardware, places } = await findDevices(config, gpu, modules.logger);
  const byDevice = new Map<ResolvedDevice, ModelSpec[]>();
  for (const model of config.models) {
    for (const place of new Set(model.devices.map((label) => places.get(label)))) {
      if (place === undefined) continue;
      const plan = planBackend(model.backend, place, hardware);
      const { weights, source } = await store.obtain(model, plan.formats, {
        signal: new AbortController().signal,
        onProgress: () => undefined,
      });
      const { backend, reason } = plan.backendOf(weights.format);
      const where = { model: model.name, device: place.device, backend };
      modules.logger.info(
        where,
        `${model.name} is to run on ${backend} on device ${place.device}: ${reason}`,
      );
      const spec: ModelSpec = {
        name: model.name,
        weights,
        source,
        backend,
        backendReason: reason,
        useFlashAttention: model.useFlashAttention,
        ...config.pool,
      };
      byDevice.set(place, [...(byDevice.get(place) ?? []), spec]);
    }
  }
  const devices = [...byDevice].map(
    ([{ device, gpu: backend, visible }, models]) =>
      new Device({ device, gpu: backend, visible, models }, undefined, modules),
  );
  return { hardware, devices };
}
