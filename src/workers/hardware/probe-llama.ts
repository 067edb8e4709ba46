import { getLlama, LlamaLogLevel } from 'node-llama-cpp';
import type { LlamaFinding, ProbeQuestions } from './probe-protocol.js';

/** Loads a build of llama.cpp and asks what it sees. */
export async function probeLlama({ gpu }: ProbeQuestions['llama']): Promise<LlamaFinding> {
  const llama = await getLlama({
    gpu,
    build: 'never',
    progressLogs: false,
    logLevel: LlamaLogLevel.error,
    // stdout is nobody's here; stderr is where the reason of a failure is looked for.
    logger: (_level, message) => process.stderr.write(message),
  });
  // Asked for a build that a system has none of, the library may load the one for the CPU.
  if (llama.gpu !== gpu) throw new Error('there is no build of it for this system');
  const { total, free } = await llama.getVramState();
  return { devices: await llama.getGpuDeviceNames(), totalBytes: total, freeBytes: free };
}
