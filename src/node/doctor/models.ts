import type { InferenceConfig, ModelConfig } from '../../config/index.js';
import { messageOf } from '../../core/index.js';
import type { ModelStore, ObtainedModel } from '../../models/index.js';
import {
  type BackendPlan,
  type GpuChoice,
  type Hardware,
  planBackend,
  type ResolvedDevice,
  resolveDevice,
} from '../../workers/index.js';
import { type Check, type Finding, fail, needed, ok, warn } from './check.js';
import { HARDWARE_LIMIT_MS } from './hardware.js';
import { bytesText } from './numbers.js';
import { sentencesOf } from './sentences.js';

export interface ModelChecksModules {
  readonly store: ModelStore;
  readonly hardware: () => Promise<Hardware>;
}

/** A device that a model is to run on. */
interface Place {
  readonly device: ResolvedDevice;
  readonly plan: BackendPlan;
}

/** One check a configured model: whether it is known, here, and can be run where the configuration says. */
export function modelChecks(
  { models }: Pick<InferenceConfig, 'models'>,
  choice: GpuChoice,
  modules: ModelChecksModules,
): readonly Check[] {
  return models.map((model) => ({
    area: 'models',
    name: model.name,
    limitMs: HARDWARE_LIMIT_MS,
    remedy: 'correct its entry in models',
    run: (signal) => judgeModel(model, choice, modules, signal),
  }));
}

async function judgeModel(
  model: ModelConfig,
  choice: GpuChoice,
  { store, hardware }: ModelChecksModules,
  signal: AbortSignal,
): Promise<Finding> {
  store.check(model);
  const machine = await needed(hardware(), 'the hardware could not be looked at');
  const places = model.devices.map((label): Place => {
    const device = resolveDevice(label, machine, choice);
    return { device, plan: planBackend(model.backend, device, machine) };
  });
  const findings: Finding[] = [];
  for (const place of places) findings.push(await judgePlace(model, place, store, signal));
  return worstOf(findings);
}
