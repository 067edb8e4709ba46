import type { NodeInfo } from '../rpc/index.js';
import type { FailedModel } from './placement.js';

/** What clients are shown of a model that is not served. */
export function failedModelInfo({ name, device, error }: FailedModel): NodeInfo['failedModels'][number] {
  return { name, device, code: error.code, message: error.message };
}
