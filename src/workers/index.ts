export type { DeviceOptions } from './device-options.js';
export { Device, type DeviceState } from './device-supervisor.js';
export {
  type ChatMessage,
  knowsTools,
  readChatTemplate,
  renderChat,
} from './engines/weights/chat-template.js';
export { type BackendChoice, type BackendPlan, planBackend } from './hardware/backend-plan.js';
export { requireFit } from './hardware/check-fit.js';
export { describeHardware } from './hardware/describe.js';
export { type ResolvedDevice, resolveDevice } from './hardware/device-label.js';
export { type GpuMemory, GpuMemoryWatch } from './hardware/gpu-memory.js';
export {
  type EngineState,
  GPU_CHOICES,
  type Gpu,
  type GpuBuild,
  type GpuChoice,
  type Hardware,
  type MigDevice,
  type SystemMemory,
} from './hardware/hardware.js';
export { type InspectOptions, inspectHardware } from './hardware/inspect-hardware.js';
export { type InspectModelOptions, inspectModel, type ModelFacts } from './hardware/model-facts.js';
export type { MemoryPlan } from './hardware/planned-model.js';
export type { ModelFailure } from './held-models.js';
export type { LoadProgress } from './pending-models.js';
export { sequencesFor, workersFor } from './pool-defaults.js';
export { numericProfile } from './profile/numeric-profile.js';
export type { DeviceSpec, GpuBackend, ModelSpec } from './protocol.js';
export { residentMemory } from './resident-memory.js';
