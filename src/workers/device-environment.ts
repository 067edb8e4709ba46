import { availableParallelism } from 'node:os';
import type { DeviceSpec } from './protocol.js';

/**
 * What a device process finds in its environment: its own GPU alone, and libuv threads for the decode calls
 * of its workers, which block one each.
 */
export function deviceEnvironment(spec: DeviceSpec, base: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const workers = spec.models.reduce((sum, model) => sum + (model.workers ?? availableParallelism()), 0);
  return { UV_THREADPOOL_SIZE: String(Math.max(1, workers)), ...base, ...spec.visible };
}
