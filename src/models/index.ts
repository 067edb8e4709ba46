export type { CachedRepo, CachedRevision, Removal } from './cache/inventory.js';
export type { FreeBytes } from './download/disk.js';
export type { DownloadProgress } from './download/progress.js';
export { defaultApiKey, defaultCacheDir, type Environment } from './hub-environment.js';
export type { ModelFile } from './model-file.js';
export type { ModelReference } from './reference.js';
export {
  type HubDescription,
  ModelStore,
  type ModelStoreModules,
  type ModelStoreOptions,
  type ObtainedModel,
  type ObtainOptions,
} from './store.js';
export type { HubTiming } from './timing.js';
