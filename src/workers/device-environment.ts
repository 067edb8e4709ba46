import { availableParallelism } from 'node:os';
import type { DeviceSpec } from './protocol.js';

/**
 * What a device process finds in its environment: its own GPU alone, and libuv threads for the decode calls
 * of its workers, which block one each.
 */
export function deviceEnvironment(spec: DeviceSpec, base: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const workers = spec.models.reduce((sum, model) => sum + (model.workers ?? availableParallelism()), 0);
  const env: NodeJS.ProcessEnv = { UV_THREADPOOL_SIZE: String(Math.max(1, workers)), ...base };
  if (spec.device !== 'cpu') {
    env['CUDA_DEVICE_ORDER'] = 'PCI_BUS_ID';
    env['CUDA_VISIBLE_DEVICES'] = String(spec.device);
    env['GGML_VK_VISIBLE_DEVICES'] = String(spec.device);
  }
  return env;
}
