export {
  Devnet,
  type DevnetCommitment,
  type DevnetManager,
  type DevnetNode,
  type DevnetOperator,
  type DevnetTicket,
  type DevnetUser,
  type EchelonRequest,
  type NodeRequest,
  type SettledTicket,
  type Slash,
} from './devnet.js';
export { type DevnetFiles, type DevnetFilesOptions, writeDevnetFiles } from './files.js';
export type { ImagePromptRequest } from './image-prompt.js';
export { DEVNET_DEFAULTS, type DevnetOptions } from './options.js';
export type { PromptRequest } from './prompt-transaction.js';
export type { Settlement } from './settlement-watch.js';
export { PromptUser, type PromptUserOptions, type SentPrompt } from './user.js';
