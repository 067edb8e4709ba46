export { resolveModelFile } from './resolve.js';
export {
  type DownloadProgress,
  type ModelReference,
  ModelStore,
  type ModelStoreOptions,
  type ObtainedModel,
  type ObtainOptions,
} from './store.js';
