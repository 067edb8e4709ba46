import { AtomaError, messageOf } from '../../core/index.js';
import type { GpuBackend } from '../protocol.js';
import type { EngineState, GpuChoice } from './hardware.js';
import { runProbe } from './probe-process.js';
import type { LlamaFinding } from './probe-protocol.js';

/** What each build needs of the system: the engine says no more than that a build does not load. */
const NEEDS: Readonly<Record<GpuBackend, string>> = {
  cuda: "it needs NVIDIA's driver (libcuda) and the CUDA runtime of version 12 or 13 (libcudart, libcublas) where the system's loader finds them",
  vulkan:
    "it needs a GPU's Vulkan driver and the Vulkan loader (libvulkan.so.1; package libvulkan1 or vulkan-loader)",
  metal: 'it needs macOS on a Mac with Apple silicon',
};

/** What a build of llama.cpp for GPUs sees; nothing where it does not work. */
export interface BuildFinding {
  readonly gpu: GpuBackend;
  readonly state: EngineState;
  readonly finding: LlamaFinding | undefined;
}

/** The builds that there are for a system, the best first. */
function buildsFor(platform: NodeJS.Platform): readonly GpuBackend[] {
  return platform === 'darwin' ? ['metal'] : ['cuda', 'vulkan'];
}

/**
 * Tries the builds that a choice allows until one works; where the one that was asked for does not, the others
 * too, so that a refusal can say what there is.
 */
export async function tryBuilds(
  choice: GpuChoice,
  timeoutMs: number,
  env: NodeJS.ProcessEnv,
): Promise<readonly BuildFinding[]> {
  if (choice === 'cpu') return [];
  const known = buildsFor(process.platform);
  const order = choice === 'auto' ? known : [choice, ...known.filter((gpu) => gpu !== choice)];
  const tried: BuildFinding[] = [];
  for (const gpu of order) {
    const found = known.includes(gpu)
      ? await tryBuild(gpu, timeoutMs, env)
      : ({ gpu, state: { works: false, why: NEEDS[gpu] }, finding: undefined } as const);
    tried.push(found);
    if (found.state.works) break;
  }
  return tried;
}

async function tryBuild(gpu: GpuBackend, timeoutMs: number, env: NodeJS.ProcessEnv): Promise<BuildFinding> {
  try {
    const finding = await runProbe('llama', { gpu }, { timeoutMs, env });
    if (finding.devices.length > 0) return { gpu, state: { works: true }, finding };
    return {
      gpu,
      state: { works: false, why: `it loads, but finds no GPU: ${NEEDS[gpu]}` },
      finding: undefined,
    };
  } catch (error) {
    return { gpu, state: { works: false, why: `${whyNot(error)}: ${NEEDS[gpu]}` }, finding: undefined };
  }
}

function whyNot(error: unknown): string {
  const hasNoBuild = error instanceof AtomaError && error.code === 'backend_unavailable';
  return hasNoBuild ? 'it does not load' : messageOf(error);
}
