import { availableParallelism, cpus } from 'node:os';
import { messageOf } from '../../core/index.js';
import { type BuildFinding, tryBuilds } from './gpu-build.js';
import { type Ask, listGpus, seeGpus } from './gpu-list.js';
import type { EngineState, GpuChoice, Hardware } from './hardware.js';
import { askNvidia, type NvidiaReport } from './nvidia-smi.js';
import { runProbe } from './probe-process.js';
import { readSystemMemory } from './system-memory.js';
import { showingAll } from './visible-devices.js';

export interface InspectOptions {
  /** Its PATH says where `nvidia-smi` is. */
  readonly env?: NodeJS.ProcessEnv;
  /** How long `nvidia-smi` may take, ms. */
  readonly driverTimeoutMs?: number;
  /** How long one build of an engine may take to load, ms. */
  readonly probeTimeoutMs?: number;
}

/** Without its persistence mode the driver starts every GPU anew for this: some seconds for eight of them. */
const DRIVER_TIMEOUT_MS = 20_000;
/** Loading takes under a second; the first use of a GPU after a driver's update may take its kernels along. */
const PROBE_TIMEOUT_MS = 60_000;

/**
 * Finds out what there is to run models on. Native code is loaded in processes of their own, never in this
 * one; what it dies of is part of the answer. Takes about a second.
 * @param choice which builds of llama.cpp for GPUs to try; `cpu` tries none, and lists the GPUs all the same
 */
export async function inspectHardware(choice: GpuChoice, options: InspectOptions = {}): Promise<Hardware> {
  const env = showingAll(options.env ?? process.env);
  const timeoutMs = options.probeTimeoutMs ?? PROBE_TIMEOUT_MS;
  const [nvidia, builds, llama, onnx, memory] = await Promise.all([
    askNvidia(options.driverTimeoutMs ?? DRIVER_TIMEOUT_MS, env),
    tryBuilds(choice, timeoutMs, env),
    stateOf(runProbe('llama', { gpu: false }, { timeoutMs, env })),
    stateOf(runProbe('onnx', {}, { timeoutMs, env })),
    readSystemMemory(),
  ]);
  const taken = builds.find(({ gpu, state }) => state.works && (choice === 'auto' || choice === gpu));
  const working = taken ?? builds.find(({ state }) => state.works);
  return {
    gpus: await gpusOf(nvidia, working, timeoutMs, env),
    gpu: taken?.gpu ?? false,
    builds: builds.map(({ gpu, state }) => ({ gpu, state })),
    driverFault: nvidia.fault,
    llama,
    onnx,
    cpu: { model: cpus()[0]?.model.trim() ?? 'unknown', cores: availableParallelism() },
    memory,
  };
}

/** CUDA sees the driver's GPUs and no others: asking each again would tell nothing new. */
async function gpusOf(
  nvidia: NvidiaReport,
  build: BuildFinding | undefined,
  timeoutMs: number,
  env: NodeJS.ProcessEnv,
): Promise<Hardware['gpus']> {
  if (build === undefined || (build.gpu === 'cuda' && nvidia.gpus.length > 0)) return nvidia.gpus;
  const ask: Ask = (gpu, visible) =>
    runProbe('llama', { gpu }, { timeoutMs, env: { ...env, ...visible } }).catch(() => undefined);
  return listGpus(nvidia.gpus, await seeGpus(build, ask));
}

async function stateOf(loading: Promise<unknown>): Promise<EngineState> {
  try {
    await loading;
    return { works: true };
  } catch (error) {
    return { works: false, why: messageOf(error) };
  }
}
