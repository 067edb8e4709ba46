import t from 'tap';
import { runProbe } from '#src/workers/hardware/probe-process.js';

const PATIENT_MS = 60_000;

function probe(script: string, timeoutMs = PATIENT_MS) {
  const url = new URL(`../fixtures/probes/${script}.js`, import.meta.url);
  return runProbe('onnx', {}, { timeoutMs, env: process.env, script: url });
}

t.test('what native code dies of is an answer, with its last words', async (t) => {
  await t.rejects(probe('aborts'), {
    code: 'probe_failed',
    message: /ended by SIGABRT: .*GGML_ASSERT\(tensor != NULL\) failed/s,
    fields: { signal: 'SIGABRT' },
  });
});

t.test('one that hangs is killed, one that leaves is noticed, one that is not there too', async (t) => {
  await t.rejects(probe('hangs', 500), { code: 'probe_failed', message: /did not answer within 0.5 s/ });
  await t.rejects(probe('leaves'), { code: 'probe_failed', message: /exited with code 3/ });
  await t.rejects(probe('missing'), { code: 'probe_failed', message: /exited with code 1.*missing/s });
});

t.test('the real one: engines that load here, builds that do not', async (t) => {
  const options = { timeoutMs: PATIENT_MS, env: process.env };
  t.match(await runProbe('llama', { gpu: false }, options), { devices: [], totalBytes: 0 });
  t.strictSame(await runProbe('onnx', {}, options), {});
  const other = process.platform === 'darwin' ? 'vulkan' : 'metal';
  await t.rejects(runProbe('llama', { gpu: other }, options), { code: 'backend_unavailable' });
});
