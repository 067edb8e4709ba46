export type { DeviceOptions } from './device-options.js';
export { Device, type DeviceState } from './device-supervisor.js';
export type { EngineState, Gpu, GpuChoice, Hardware } from './hardware.js';
export type { ModelFailure } from './held-models.js';
export type { LoadProgress } from './pending-models.js';
export type { DeviceSpec, GpuBackend, ModelSpec } from './protocol.js';
