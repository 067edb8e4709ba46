import t from 'tap';
import { ask, startEngine } from '../fixtures/engine.js';
import { chat, params } from '../fixtures/tiny-device.js';

const QUESTION = params(chat('What is 3 plus 4?'));

t.test('llama.cpp takes flash attention where it is asked for', async (t) => {
  for (const useFlashAttention of [true, false]) {
    const engine = await startEngine(t, 'llama', { useFlashAttention });
    t.match(engine.info, { flashAttention: useFlashAttention, flashAttentionRefusal: undefined });
    t.equal((await ask(engine, QUESTION)).text, '3 plus 4 is 7.');
  }
});

t.test('ONNX Runtime has none on the CPU and says so where it is asked for', async (t) => {
  for (const backend of ['onnx', 'wasm'] as const) {
    const asked = await startEngine(t, backend, { useFlashAttention: true });
    t.match(asked.info, { flashAttention: false, flashAttentionRefusal: /none on the CPU/ });
    const silent = await startEngine(t, backend, { useFlashAttention: false });
    t.equal(silent.info.flashAttentionRefusal, undefined);
  }
});
