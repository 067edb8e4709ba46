import { createRequire } from 'node:module';
import { toErrorData } from '../../core/index.js';
import { probeLlama } from './probe-llama.js';
import { probeMemory } from './probe-memory.js';
import type { ProbeMessage, ProbeReply } from './probe-protocol.js';

/**
 * The probe process: loads native code to see whether it loads, answers one question, and ends. What native
 * code answers with abort(), or not at all, ends or hangs this process alone.
 */
function answer(message: ProbeMessage): Promise<unknown> {
  if (message.kind === 'llama') return probeLlama(message.question);
  return message.kind === 'memory' ? probeMemory(message.question) : probeOnnx();
}

/** Loads the addon as transformers.js finds it, whose dependency it is. */
async function probeOnnx(): Promise<object> {
  createRequire(import.meta.resolve('@xenova/transformers'))('onnxruntime-node');
  return {};
}

/** Killed, not exited: what drivers do at an exit can fail, and says nothing. */
function end(): void {
  process.kill(process.pid, 'SIGKILL');
}

function reply(message: ProbeReply): void {
  process.send?.(message, end);
}

process.once('message', (message: ProbeMessage) => {
  answer(message).then(
    (value) => reply({ ok: true, answer: value }),
    (error: unknown) => reply({ ok: false, error: toErrorData(error) }),
  );
});
process.once('disconnect', end);
