import { isAbsolute } from 'node:path';
import type { Logger } from 'pino';
import { isLocalModel, localModelName, type ModelConfig } from '../config/index.js';
import { AtomaError } from '../core/index.js';
import type {
  LoadModelRequest,
  LoadModelResult,
  UnloadModelRequest,
  UnloadModelResult,
} from '../rpc/index.js';
import { failedModelInfo } from './failed-model-info.js';
import type { ModelHost } from './model-host.js';
import { noneLoaded } from './model-start.js';

interface Modules {
  readonly host: ModelHost;
  readonly logger: Logger;
}

/** Loads and unloads models for clients; a line of the log tells of each. */
export class ModelRequests {
  readonly #modules: Modules;

  constructor(modules: Modules) {
    this.#modules = modules;
  }

  /** As `NodeApi.loadModel`. */
  async load(request: LoadModelRequest): Promise<LoadModelResult> {
    const { host, logger } = this.#modules;
    const model = modelConfigOf(request);
    logger.info({ model: model.name, modelType: model.modelType, devices: model.devices }, 'loading a model');
    const { models, failed } = await host.load(model, () => undefined);
    for (const { name, device, error } of failed) {
      logger.warn({ model: name, device, code: error.code }, `not loaded: ${error.message}`);
    }
    if (models.length === 0) throw noneLoaded(failed);
    return { models, failedModels: failed.map(failedModelInfo) };
  }

  /** As `NodeApi.unloadModel`. */
  async unload({ name, device }: UnloadModelRequest): Promise<UnloadModelResult> {
    const { host, logger } = this.#modules;
    const devices = await host.unload(name, device);
    logger.info({ model: name, devices }, 'a model is unloaded');
    return { unloaded: devices.map((label) => ({ name, device: label })) };
  }
}

/**
 * A model that a client asks for, as the configuration would have it.
 * @throws AtomaError `invalid_params` for a relative path: the client does not know from which folder it starts
 */
function modelConfigOf({ name, modelType, ...request }: LoadModelRequest): ModelConfig {
  const isLocal = isLocalModel(modelType);
  if (isLocal && !isAbsolute(modelType)) {
    const problem = `model_type is ${JSON.stringify(modelType)}, wanted a name, a repository or an absolute path`;
    throw new AtomaError('invalid_params', problem, { fields: { problems: [problem] } });
  }
  return { ...request, modelType, name: name ?? (isLocal ? localModelName(modelType) : modelType) };
}
