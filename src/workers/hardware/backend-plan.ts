import { AtomaError, type Backend, type WeightsFormat } from '../../core/index.js';
import type { GpuBackend } from '../protocol.js';
import type { Hardware } from './hardware.js';

/** What is to run a model, once it is known in which format its weights are here. */
export interface BackendPlan {
  /** Which weights to look for, in order of preference. */
  readonly formats: readonly WeightsFormat[];
  /**
   * A later format is for models that have none of an earlier one: not even weights that are here already are taken
   * before those that have to be downloaded. So on a GPU, where the later one runs on the CPU.
   */
  readonly inOrder: boolean;
  /** @throws AtomaError `backend_unavailable` where nothing here runs that format. */
  backendOf(format: WeightsFormat): BackendChoice;
}

export interface BackendChoice {
  readonly backend: Backend;
  /** Why, as the end of a sentence: `no GPU was found`. */
  readonly reason: string;
}

/** The native engines of a machine; WebAssembly runs wherever Node does. */
type Engines = Pick<Hardware, 'llama' | 'onnx'>;

/**
 * Plans the backend of a model on a device. On a GPU llama.cpp runs GGUF weights; ONNX weights run on the CPU
 * even there. On the CPU ONNX weights come first, natively or, where the addon does not load, as WebAssembly;
 * then GGUF weights on llama.cpp.
 * @param requested what the configuration asks for; a forced backend is taken, or refused
 * @throws AtomaError `backend_unavailable` for a forced one that does not load, saying what does.
 */
export function planBackend(
  requested: Backend | 'auto',
  device: { readonly gpu: GpuBackend | false },
  engines: Engines,
): BackendPlan {
  if (requested !== 'auto') return forced(requested, engines);
  return {
    formats: device.gpu === false ? ['onnx', 'gguf'] : ['gguf', 'onnx'],
    inOrder: device.gpu !== false,
    backendOf: (format) => (format === 'gguf' ? onLlama(device.gpu, engines) : onOnnx(device.gpu, engines)),
  };
}

function forced(backend: Backend, engines: Engines): BackendPlan {
  if (backend !== 'wasm' && !engines[backend].works) {
    const why = `${NAMES[backend]} does not load here: ${engines[backend].why}`;
    throw unavailable(backend, `the configuration asks for the backend ${backend}, but ${why}`, engines);
  }
  const format: WeightsFormat = backend === 'llama' ? 'gguf' : 'onnx';
  return {
    formats: [format],
    inOrder: false,
    backendOf: () => ({ backend, reason: 'the configuration asks for it' }),
  };
}

function onLlama(gpu: GpuBackend | false, engines: Engines): BackendChoice {
  if (gpu !== false) return { backend: 'llama', reason: `it reaches the GPU through ${GPU_NAMES[gpu]}` };
  if (engines.llama.works) {
    return { backend: 'llama', reason: 'the device is the CPU and the weights are GGUF' };
  }
  const why = `the weights are GGUF, for llama.cpp alone, whose native addon does not load here: ${engines.llama.why}`;
  throw unavailable('llama', why, engines);
}

function onOnnx(gpu: GpuBackend | false, { onnx }: Engines): BackendChoice {
  const where =
    gpu === false
      ? 'the device is the CPU and the model has ONNX weights'
      : 'the model has ONNX weights only, which run on the CPU';
  if (onnx.works) return { backend: 'onnx', reason: where };
  return { backend: 'wasm', reason: `${where}; ONNX Runtime's native addon does not load (${onnx.why})` };
}

const NAMES = { llama: "llama.cpp's native addon", onnx: "ONNX Runtime's native addon" } as const;
const GPU_NAMES: Readonly<Record<GpuBackend, string>> = { cuda: 'CUDA', vulkan: 'Vulkan', metal: 'Metal' };

function unavailable(backend: Backend, problem: string, { llama, onnx }: Engines): AtomaError {
  const works = [
    ...(llama.works ? ['llama (GGUF weights)'] : []),
    ...(onnx.works ? ['onnx (ONNX weights)'] : []),
    'wasm (ONNX weights)',
  ];
  return new AtomaError('backend_unavailable', `${problem}. What works here: ${works.join(', ')}`, {
    fields: { backend, available: works.map((text) => text.split(' ')[0]) },
  });
}
