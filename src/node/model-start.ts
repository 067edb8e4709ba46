import type { Logger } from 'pino';
import type { ModelConfig } from '../config/index.js';
import { AtomaError, fromErrorData } from '../core/index.js';
import type { ModelHost } from './model-host.js';
import type { ModelProgress } from './model-progress.js';
import { type FailedModel, failureOf } from './placement.js';

interface StartModules {
  readonly host: ModelHost;
  readonly logger: Logger;
  readonly onProgress: (progress: ModelProgress) => void;
}

/**
 * Brings the models of the configuration to their devices, all at once; those that fail are told of, and the others
 * serve.
 * @throws AtomaError where none of them serves: the error of the only one, or `no_model_loaded` with all of them
 */
export async function loadConfigured(
  models: readonly ModelConfig[],
  { host, logger, onProgress }: StartModules,
): Promise<void> {
  const outcomes = await Promise.all(
    models.map(async (model): Promise<readonly FailedModel[]> => {
      try {
        return (await host.load(model, onProgress)).failed;
      } catch (error) {
        return model.devices.map((device) => failureOf(model.name, device, error));
      }
    }),
  );
  // A client may have unloaded one that was on its way: that is no fault.
  const failed = outcomes.flat().filter(({ error }) => error.code !== 'cancelled');
  if (host.isStopping) return;
  if (host.models.length === 0) throw noneLoaded(failed);
  for (const failure of failed) {
    const { name: model, device, error } = failure;
    host.remember(failure);
    logger.error(
      { model, device, code: error.code },
      `${model} is not served on ${device}: ${error.message}`,
    );
  }
}

/** What a caller hears of a load of which nothing came. */
export function noneLoaded(failed: readonly FailedModel[]): AtomaError {
  const [first, ...others] = failed;
  if (first !== undefined && others.length === 0) return fromErrorData(first.error);
  const lines = failed.map(({ name, device, error }) => `${name} on ${device}: ${error.message}`);
  return new AtomaError('no_model_loaded', ['none of the models could be loaded:', ...lines].join('\n'), {
    fields: {
      failed: failed.map(({ name, device, error }) => ({ name, device, code: error.code })),
    },
  });
}
