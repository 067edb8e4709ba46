import { Option } from 'commander';
import { GPU_CHOICES } from '../workers/index.js';

/** `--gpu`: what llama.cpp reaches GPUs through in this run. */
export function gpuOption(): Option {
  return new Option(
    '--gpu <backend>',
    'what to reach GPUs through; auto takes the best that works, cpu leaves them alone',
  )
    .choices(GPU_CHOICES)
    .default('auto');
}
