import { setImmediate as turn } from 'node:timers/promises';
import t from 'tap';
import { loadEngine } from '#src/workers/engines/load-engine.js';
import { params, TINY } from '../fixtures/tiny-device.js';

t.test('a long prompt shows progress with every batch, before its first token', async (t) => {
  const engine = await loadEngine(
    {
      name: 'tiny',
      weights: { format: 'gguf', file: TINY, bytes: 0 },
      backend: 'llama',
      gpu: false,
      useFlashAttention: false,
      sequences: 1,
      contextSize: undefined,
      batchSize: 8,
      threads: 1,
      cancelFlags: new SharedArrayBuffer(4),
      pulse: new SharedArrayBuffer(16),
      heartbeatIntervalMs: 1000,
    },
    () => undefined,
  );
  t.teardown(() => engine.dispose());
  const seen = new Set<number>();
  let over = false;
  const stop = (): void => {
    over = true;
  };
  const answer = engine.generate(params('word '.repeat(100), { maxTokens: 4n }), {
    isCancelled: () => false,
    onToken: stop,
  });
  answer.catch(stop);
  while (!over) {
    seen.add(engine.progress());
    await turn();
  }
  const { inputTokens, tokens } = await answer;
  t.ok(seen.size > inputTokens / 8 / 2, `${seen.size} steps for ${inputTokens} tokens in batches of 8`);
  t.ok(engine.progress() >= inputTokens + tokens.length - 1);
});
