import type { DeviceSpec } from './protocol.js';

/**
 * What a device process finds in its environment: its own GPU alone, and libuv threads for the decode calls
 * of its workers, which block one each. Their number is fixed when the process starts: with more workers than
 * that, decode calls wait for each other.
 * @param expectedWorkers of all models that the device is to hold
 */
export function deviceEnvironment(
  spec: DeviceSpec,
  expectedWorkers: number,
  base: NodeJS.ProcessEnv,
): NodeJS.ProcessEnv {
  return { UV_THREADPOOL_SIZE: String(Math.max(1, expectedWorkers)), ...base, ...spec.visible };
}
