import { AtomaError, type WeightsFormat } from '../core/index.js';
import type { ModelReference, ModelStore, ObtainedModel, ObtainOptions } from '../models/index.js';
import type { BackendPlan } from '../workers/index.js';

type Formats = Pick<BackendPlan, 'formats' | 'inOrder'>;

/**
 * The weights for a plan, downloaded where they are not here.
 * @throws AtomaError as {@link ModelStore.obtain}
 */
export function obtainWeights(
  store: ModelStore,
  reference: ModelReference,
  plan: Formats,
  options: ObtainOptions,
): Promise<ObtainedModel> {
  return asPlanned(plan, (formats) => store.obtain(reference, formats, options));
}

/**
 * The weights for a plan that are here; undefined where something would be downloaded.
 * @throws AtomaError as {@link ModelStore.find}
 */
export function findWeights(
  store: ModelStore,
  reference: ModelReference,
  plan: Formats,
): Promise<ObtainedModel | undefined> {
  return asPlanned(plan, (formats) => store.find(reference, formats));
}

async function asPlanned<Answer>(
  { formats, inOrder }: Formats,
  ask: (formats: readonly WeightsFormat[]) => Promise<Answer>,
): Promise<Answer> {
  const [first, ...later] = formats;
  if (!inOrder || first === undefined || later.length === 0) return ask(formats);
  try {
    return await ask([first]);
  } catch (error) {
    if (!(error instanceof AtomaError) || error.code !== 'model_not_found') throw error;
    return await ask(later).catch(() => {
      throw error;
    });
  }
}
