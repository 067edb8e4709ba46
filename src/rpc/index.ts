export { type ApiKey, KeyName, type KeyState, newKeyId, stateOf } from './access/api-key.js';
export { formatKeys, readKeysFile } from './access/keys-file.js';
export { SCOPES, type Scope } from './access/principal.js';
export { hashSecret, newSecret } from './access/secret.js';
export { checkAccess } from './access-check.js';
export type {
  ChatMessage,
  ChatRequest,
  GenerateOptions,
  GenerateRequest,
  GenerateResult,
  HardwareInfo,
  LoadModelRequest,
  LoadModelResult,
  NodeApi,
  NodeInfo,
  Readiness,
  UnloadModelRequest,
  UnloadModelResult,
} from './node-api.js';
export type { RpcLimits } from './options.js';
export { checkPort } from './port-check.js';
export { RpcServer } from './server.js';
export { EVIDENCE_FORMAT, EVIDENCE_VERSION, type Evidence, EvidenceSchema } from './wire/evidence.js';
