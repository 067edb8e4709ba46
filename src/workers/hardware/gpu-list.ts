import type { GpuBackend } from '../protocol.js';
import type { BuildFinding } from './gpu-build.js';
import type { Gpu } from './hardware.js';
import type { LlamaFinding } from './probe-protocol.js';
import { showing } from './visible-devices.js';

/** ggml-vulkan knows no more than this many (GGML_VK_MAX_DEVICES). */
const MAX_VULKAN_DEVICES = 16;

/** A GPU as a build of llama.cpp sees it when it is the only one to be seen. */
export interface SeenGpu {
  readonly name: string;
  readonly memoryBytes: number | undefined;
  readonly freeBytes: number | undefined;
  readonly vulkanIndex: number | undefined;
}

/**
 * Every GPU: those of NVIDIA's driver by its own indices, and after them what a build sees besides. Devices of
 * Vulkan are the driver's where the names are the same: the first of a name is the first, and so on.
 */
export function listGpus(nvidia: readonly Gpu[], seen: readonly SeenGpu[]): readonly Gpu[] {
  const rest = [...seen];
  const listed = nvidia.map((gpu): Gpu => {
    const at = rest.findIndex(({ name }) => name === gpu.name);
    const [same] = at < 0 ? [] : rest.splice(at, 1);
    return { ...gpu, vulkanIndex: same?.vulkanIndex };
  });
  const next = Math.max(-1, ...nvidia.map(({ index }) => index)) + 1;
  return [
    ...listed,
    ...rest.map((gpu, at) => ({ ...gpu, index: next + at, uuid: undefined, driver: undefined, mig: [] })),
  ];
}

/** Asks a build what it sees in an environment; undefined where it does not load there. */
export type Ask = (
  gpu: GpuBackend,
  visible: Readonly<Record<string, string>>,
) => Promise<LlamaFinding | undefined>;

/** The GPUs that a build sees, each with its own memory: asked of each as if it were the only one. */
export async function seeGpus({ gpu, finding }: BuildFinding, ask: Ask): Promise<readonly SeenGpu[]> {
  if (finding === undefined) return [];
  if (gpu === 'vulkan') return eachOfVulkan(finding, ask);
  const [only, another] = finding.devices;
  if (only !== undefined && another === undefined) return [seen(only, finding, undefined)];
  return eachOfCuda(finding, ask);
}

async function eachOfCuda(all: LlamaFinding, ask: Ask): Promise<readonly SeenGpu[]> {
  const found: SeenGpu[] = [];
  for (const [index, name] of all.devices.entries()) {
    const alone = await ask('cuda', showing(index, undefined));
    found.push(seen(name, alone, undefined));
  }
  return found;
}

/**
 * Left to itself, ggml-vulkan leaves devices out: those that are no GPU, and a GPU's second driver. So the names
 * that it chose are looked for among the indices that count all of them.
 */
async function eachOfVulkan(all: LlamaFinding, ask: Ask): Promise<readonly SeenGpu[]> {
  const wanted = [...all.devices];
  const found: SeenGpu[] = [];
  for (let index = 0; index < MAX_VULKAN_DEVICES && wanted.length > 0; index++) {
    const alone = await ask('vulkan', showing(undefined, index));
    const name = alone?.devices[0];
    const at = name === undefined ? -1 : wanted.indexOf(name);
    if (name === undefined || at < 0) continue;
    wanted.splice(at, 1);
    found.push(seen(name, alone, index));
  }
  return found;
}

function seen(name: string, alone: LlamaFinding | undefined, vulkanIndex: number | undefined): SeenGpu {
  return { name, memoryBytes: alone?.totalBytes, freeBytes: alone?.freeBytes, vulkanIndex };
}
