import { cp, rm } from 'node:fs/promises';
import { Socket } from 'node:net';
import { join } from 'node:path';
import t from 'tap';
import { ask, startEngine } from '../fixtures/engine.js';
import { chat, params } from '../fixtures/tiny-device.js';
import { TINY_FOLDER } from '../fixtures/tiny-weights.js';

const calls: string[] = [];
Socket.prototype.connect = function connect(): never {
  calls.push('a socket');
  throw new Error('no network here');
};
globalThis.fetch = async (from): Promise<never> => {
  calls.push(String(from));
  throw new Error('no network here');
};

for (const backend of ['onnx', 'wasm'] as const) {
  t.test(
    `${backend}: a model is loaded from its folder alone, also where an optional file is missing`,
    async (t) => {
      const folder = t.testdir();
      await cp(TINY_FOLDER, folder, { recursive: true });
      await rm(join(folder, 'generation_config.json'));
      const weights = { format: 'onnx', folder, file: 'onnx/model.onnx', bytes: 0 } as const;
      const engine = await startEngine(t, backend, { weights });
      t.equal((await ask(engine, params(chat('What is 3 plus 4?')))).text, '3 plus 4 is 7.');
      t.same(calls, []);
    },
  );

  t.test(`${backend}: exactly the graph that is named is loaded, wherever it lies`, async (t) => {
    const folder = t.testdir();
    await cp(TINY_FOLDER, folder, { recursive: true });
    await cp(join(folder, 'onnx/model.onnx'), join(folder, 'other_q4f16.onnx'));
    await rm(join(folder, 'onnx/model.onnx'));
    const weights = { format: 'onnx', folder, file: 'other_q4f16.onnx', bytes: 0 } as const;
    const engine = await startEngine(t, backend, { weights });
    t.equal((await ask(engine, params(chat('What is 3 plus 4?')))).text, '3 plus 4 is 7.');
  });
}
