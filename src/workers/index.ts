export type { DeviceOptions } from './device-options.js';
export type { LoadProgress } from './device-process.js';
export { Device, type DeviceState } from './device-supervisor.js';
export type { DeviceSpec, ModelSpec } from './protocol.js';
