import { AtomaError, formatBytes } from '../../core/index.js';
import type { WorkerSpec } from '../protocol.js';
import { planMemory } from './memory-plan.js';
import { fitWorkers, type MemoryPlan, type PlannedModel } from './planned-model.js';

/**
 * Checks that a model fits before it is loaded; called in the process that will load it, whose environment
 * shows its GPU. What could not be planned is left to the load to say.
 * @param wanted how many workers, and whether the plan may be for as many as fit
 * @returns undefined where there is no plan
 * @throws AtomaError `insufficient_memory` with all numbers; `model_load_failed` where the engine died of the
 * file, which would end every other model of this process.
 */
export async function checkFit(
  model: PlannedModel & Pick<WorkerSpec, 'name'>,
  wanted: { readonly workers: number; readonly mayBeFewer: boolean },
): Promise<MemoryPlan | undefined> {
  let plan: MemoryPlan;
  try {
    plan = await planMemory(model, wanted.workers, process.env);
  } catch (error) {
    if (error instanceof AtomaError && error.code === 'model_load_failed') throw error;
    if (error instanceof AtomaError && typeof error.fields['signal'] === 'string') {
      const { file } = model.weights;
      const problem = `cannot load ${file}: the engine dies of it; ${error.message}`;
      throw new AtomaError('model_load_failed', problem, { fields: { file }, cause: error });
    }
    return undefined;
  }
  const taken = wanted.mayBeFewer ? fitWorkers(plan) : plan;
  requireFit(model.name, taken);
  return taken;
}

/** @throws AtomaError `insufficient_memory`. */
export function requireFit(name: string, plan: MemoryPlan): void {
  const { totalBytes, availableBytes, workers, sequences, contextSize } = plan;
  if (totalBytes <= availableBytes) return;
  const memory = plan.place === 'gpu' ? 'GPU memory' : 'RAM';
  const each = workers === 1 ? '1 worker' : `${workers} workers`;
  throw new AtomaError(
    'insufficient_memory',
    `${name} needs ${formatBytes(totalBytes)} of ${memory}, ${formatBytes(availableBytes)} are free: ` +
      `weights ${formatBytes(plan.weightsBytes)}, KV cache ${formatBytes(plan.kvCacheBytes)} ` +
      `(${sequences} sequences of ${contextSize} tokens), compute buffers ${formatBytes(plan.computeBytes)}, ` +
      `for ${each}. ${remedy(plan)}`,
    { fields: { model: name, ...plan } },
  );
}

/** What to change, as sentences; the first is the one that costs least. */
function remedy(plan: MemoryPlan): string {
  const { availableBytes, sequences } = plan;
  const fixed = plan.weightsBytes + plan.computeBytes;
  const perSequence = plan.kvCacheBytes / sequences;
  const fitting = Math.floor((availableBytes - fixed) / perSequence);
  const fewer = fitWorkers(plan);
  const other = 'Otherwise take a smaller precision, another device, or stop what else holds that memory';
  if (fitting >= 1)
    return `pool.sequences = ${fitting} would fit, as would a smaller pool.context_size. ${other}`;
  if (fewer.totalBytes <= availableBytes) return `pool.workers = ${fewer.workers} would fit. ${other}`;
  const one = plan.workers > 1 ? 'Set pool.workers = 1, and lower' : 'Lower';
  return `${one} pool.context_size and pool.sequences. ${other}`;
}
