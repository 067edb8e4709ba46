import type { InferenceConfig, ModelConfig } from '../../config/index.js';
import type { ModelWeights } from '../../core/index.js';
import type { ModelStore } from '../../models/index.js';
import {
  type BackendPlan,
  type GpuChoice,
  type Hardware,
  planBackend,
  resolveDevice,
} from '../../workers/index.js';
import { type Check, type Finding, needed, ok, warn } from './check.js';
import { HARDWARE_LIMIT_MS } from './hardware.js';
import { bytesText } from './numbers.js';
import { splitMessage } from './sentences.js';

export interface ModelChecksModules {
  readonly store: ModelStore;
  readonly hardware: () => Promise<Hardware>;
}

/** One check a model and device: whether the model is known, here, and can be run there. */
export function modelChecks(
  { models }: Pick<InferenceConfig, 'models'>,
  choice: GpuChoice,
  modules: ModelChecksModules,
): readonly Check[] {
  return models.flatMap((model) =>
    model.devices.map((label) => ({
      area: 'models',
      name: `${model.name} on ${label}`,
      limitMs: HARDWARE_LIMIT_MS,
      remedy: 'correct its entry in models',
      run: () => judgeModel(model, label, choice, modules),
    })),
  );
}

async function judgeModel(
  model: ModelConfig,
  label: string,
  choice: GpuChoice,
  { store, hardware }: ModelChecksModules,
): Promise<Finding> {
  store.check(model);
  const machine = await needed(hardware(), 'the hardware could not be looked at');
  const device = resolveDevice(label, machine, choice);
  const plan = planBackend(model.backend, device, machine);
  const here = await store.find(model, plan.formats);
  const found = here === undefined ? 'to be downloaded' : judgeWeights(here.weights, plan);
  if (device.warning === undefined) return ok(found);
  const said = splitMessage(device.warning);
  return warn(`${found}; ${said.found}`, said.remedy ?? 'name a device that there is');
}

/** @throws AtomaError `backend_unavailable` */
function judgeWeights(weights: ModelWeights, plan: BackendPlan): string {
  const { backend, reason } = plan.backendOf(weights.format);
  return `${weights.file} (${bytesText(weights.bytes)}), run by ${backend}: ${reason}`;
}
