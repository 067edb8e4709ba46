import { formatBytes } from '../../core/index.js';
import { type Gpu, type GpuChoice, type Hardware, resolveDevice } from '../../workers/index.js';
import { type Check, type Finding, fail, needed, ok, warn } from './check.js';

const AREA = 'machine';
/** Native code is loaded in processes of their own, several builds of it, and a driver may have to wake up. */
export const HARDWARE_LIMIT_MS = 60_000;
const NO_ANSWER = 'the hardware could not be looked at';

/** Checks of what runs models here. */
export function hardwareChecks(hardware: () => Promise<Hardware>, choice: GpuChoice): readonly Check[] {
  const check = (name: string, judge: (found: Hardware) => Finding): Check => ({
    area: AREA,
    name,
    limitMs: HARDWARE_LIMIT_MS,
    run: async () => judge(await needed(hardware(), NO_ANSWER)),
  });
  return [
    {
      area: AREA,
      name: 'hardware',
      limitMs: HARDWARE_LIMIT_MS,
      run: async () => judgeCpu(await hardware()),
    },
    check('gpus', (found) => judgeGpus(found, choice)),
    check('llama.cpp', judgeLlama),
    check('onnxruntime', judgeOnnx),
  ];
}

function judgeCpu({ cpu, memory }: Hardware): Finding {
  const free = `${formatBytes(memory.freeBytes)} of ${formatBytes(memory.totalBytes)} memory free`;
  return ok(`${cpu.model}, ${cpu.cores} cores, ${free}`);
}

/** @param choice what `--gpu` asks for: what is asked for and not there is a failure */
export function judgeGpus(hardware: Hardware, choice: GpuChoice): Finding {
  const { gpus, gpu, driverFault } = hardware;
  const list = gpus.map(describeGpu).join('; ');
  if (choice !== 'auto' && choice !== 'cpu' && choice !== gpu) {
    return fail(refusalOf(hardware, choice), 'use --gpu auto, or install the driver that this build needs');
  }
  if (driverFault !== undefined) {
    return warn(
      `nvidia-smi is there but lists nothing: ${driverFault}`,
      'see to the NVIDIA driver: a restart is often due after its update',
    );
  }
  if (gpus.length === 0) return ok('none found: models run on the CPU');
  if (choice === 'cpu') return ok(`${list}; left alone, as --gpu cpu asks`);
  if (gpu !== false) return ok(`${list}; reached through ${gpu}`);
  return warn(
    `${list}; but llama.cpp reaches none of them (${whysOf(hardware)})`,
    "install the GPU's driver with CUDA or Vulkan; until then models run on the CPU",
  );
}

/** The error that a node would end with. */
function refusalOf(hardware: Hardware, choice: GpuChoice): string {
  try {
    resolveDevice('cpu', hardware, choice);
    return `${choice} cannot be used here`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function describeGpu({ index, name, memoryBytes, freeBytes, driver, uuid, mig }: Gpu): string {
  const facts = [
    memoryBytes === undefined ? undefined : formatBytes(memoryBytes),
    freeBytes === undefined ? undefined : `${formatBytes(freeBytes)} free`,
    driver === undefined ? undefined : `driver ${driver}`,
    uuid,
    ...mig.map((part) => `part ${part.name} ${part.uuid}`),
  ].filter((fact) => fact !== undefined);
  return `${index}: ${name}${facts.length === 0 ? '' : ` (${facts.join(', ')})`}`;
}

function whysOf({ builds }: Hardware): string {
  const whys = builds.map(({ gpu, state }) => `${gpu}: ${state.works ? 'works' : state.why}`);
  return whys.join('; ');
}

function judgeLlama({ llama, gpu }: Hardware): Finding {
  if (llama.works)
    return ok(`its native addon loads, for ${gpu === false ? 'the CPU' : `${gpu} and the CPU`}`);
  return warn(
    `its native addon does not load: ${llama.why}`,
    'run `npm ci` on this machine; where it still does not load, GGUF weights cannot be run, ONNX weights can',
  );
}

function judgeOnnx({ onnx }: Hardware): Finding {
  if (onnx.works) return ok('its native addon loads');
  return warn(
    `its native addon does not load: ${onnx.why}`,
    'run `npm ci` on this machine; until then ONNX weights run as WebAssembly, which is slower',
  );
}
