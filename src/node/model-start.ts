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
  host.expect(models.map(({ name }) => name));
  const outcomes = await Promise.all(
    models.map(async (model) => {
      const failed = await failuresOf(model, { host, onProgress });
      if (!host.isStopping) for (const failure of failed) tell(failure, { host, logger });
      return failed;
    }),
  );
  if (!host.isStopping && host.models.length === 0) throw noneLoaded(outcomes.flat());
}

async function failuresOf(
  model: ModelConfig,
  { host, onProgress }: Omit<StartModules, 'logger'>,
): Promise<readonly FailedModel[]> {
  try {
    const { failed } = await host.load(model, onProgress);
    // A client may have unloaded one that was on its way: that is no fault.
    return failed.filter(({ error }) => error.code !== 'cancelled');
  } catch (error) {
    return model.devices.map((device) => failureOf(model.name, device, error));
  }
}

function tell(failure: FailedModel, { host, logger }: Omit<StartModules, 'onProgress'>): void {
  const { name: model, device, error } = failure;
  host.remember(failure);
  logger.error({ model, device, code: error.code }, `${model} is not served on ${device}: ${error.message}`);
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
