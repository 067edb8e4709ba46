export type { DeviceOptions } from './device-options.js';
export type { LoadProgress } from './device-process.js';
export { Device, type DeviceState } from './device-supervisor.js';
export {
  type ChatMessage,
  type ChatTemplate,
  readChatTemplate,
  renderChat,
} from './engines/weights/chat-template.js';
export type { EngineState, Gpu, GpuChoice, Hardware } from './hardware.js';
export type { DeviceSpec, GpuBackend, ModelSpec } from './protocol.js';
