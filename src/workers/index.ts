export { DeviceProcess, type DeviceState, type LoadProgress } from './device-process.js';
export type { DeviceSpec, ModelSpec } from './protocol.js';
