import { formatBytes } from '../../core/index.js';
import type { Gpu, Hardware } from './hardware.js';

/** The machine as a line of a log. */
export function describeHardware({ gpus, gpu, cpu, memory }: Hardware): string {
  const ram = `${formatBytes(memory.totalBytes)} RAM, ${formatBytes(memory.freeBytes)} free`;
  const through = gpu === false ? '' : `, reached through ${gpu}`;
  return `${cpu.model}, ${cpu.cores} cores, ${ram}. ${describeGpus(gpus)}${through}`;
}

/** The GPUs of a machine as a sentence without its full stop. */
export function describeGpus(gpus: readonly Gpu[]): string {
  if (gpus.length === 0) return 'No GPU was found on this machine';
  return `This machine has ${gpus.map(describeGpu).join(', ')}`;
}

function describeGpu({ index, uuid, name, memoryBytes, freeBytes, driver, mig }: Gpu): string {
  const facts = [
    uuid,
    memoryBytes === undefined ? undefined : formatBytes(memoryBytes),
    freeBytes === undefined ? undefined : `${formatBytes(freeBytes)} free`,
    driver === undefined ? undefined : `driver ${driver}`,
  ].filter((fact) => fact !== undefined);
  const parts = mig.map((part) => `, its part ${part.name} (${part.uuid})`).join('');
  return `GPU ${index}: ${name}${facts.length > 0 ? ` (${facts.join(', ')})` : ''}${parts}`;
}
