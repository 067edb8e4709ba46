import { getLlama, type Llama, LlamaLogLevel, NoBinaryFoundError } from 'node-llama-cpp';
import { AtomaError } from '../../core/index.js';
import type { GpuBackend } from '../protocol.js';
import type { LlamaFinding, ProbeQuestions } from './probe-protocol.js';

/** Loads a build of llama.cpp and asks what it sees. */
export async function probeLlama({ gpu }: ProbeQuestions['llama']): Promise<LlamaFinding> {
  const llama = await loadQuietly(gpu);
  const { total, free } = await llama.getVramState();
  return { devices: await llama.getGpuDeviceNames(), totalBytes: total, freeBytes: free };
}

/**
 * Loads a build of llama.cpp that writes its errors to stderr, where the reason of a failure is looked for.
 * @throws AtomaError `backend_unavailable` where there is none for this system, or it does not load.
 */
export async function loadQuietly(gpu: GpuBackend | false): Promise<Llama> {
  try {
    const llama = await getLlama({
      gpu,
      build: 'never',
      progressLogs: false,
      logLevel: LlamaLogLevel.error,
      logger: (_level, message) => process.stderr.write(message),
    });
    // Asked for a build that a system has none of, the library may load the one for the CPU.
    if (llama.gpu === gpu) return llama;
  } catch (error) {
    // The library does not say why one that is there does not load.
    if (!(error instanceof NoBinaryFoundError)) throw error;
  }
  throw new AtomaError('backend_unavailable', `llama.cpp's build for ${gpu || 'the CPU'} does not load here`);
}
