import { chmod, cp, mkdtemp, readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { Backend } from '#src/core/index.js';
import { checkOnnx, type OnnxWeights } from '#src/workers/engines/weights/onnx-check.js';
import { ask, startEngine } from '../fixtures/engine.js';
import { asNobody } from '../fixtures/nobody.js';
import { externalized, namesOnly } from '../fixtures/onnx-file.js';
import { chat, params } from '../fixtures/tiny-device.js';
import { TINY_FOLDER } from '../fixtures/tiny-weights.js';

const GRAPH = 'onnx/model.onnx';
const FILES = ['config.json', 'generation_config.json', 'tokenizer.json', 'tokenizer_config.json', GRAPH];

/** A copy of the demo model, to be spoiled. */
async function copy(t: Test, folder = t.testdir({ onnx: {} })): Promise<OnnxWeights> {
  for (const name of FILES) await cp(join(TINY_FOLDER, name), join(folder, name));
  return { format: 'onnx', folder, file: GRAPH, bytes: 0 };
}

async function refused(t: Test, weights: OnnxWeights, named: string, found: RegExp): Promise<void> {
  await t.rejects(checkOnnx(weights), {
    code: 'model_load_failed',
    fields: { file: named, found, remedy: /./ },
  });
}

/** Checks the demo model with another graph. */
async function refusedGraph(t: Test, content: string | Buffer, found: RegExp): Promise<void> {
  const weights = await copy(t);
  const file = join(weights.folder, GRAPH);
  await writeFile(file, content);
  await refused(t, weights, file, found);
}

t.test('what is no graph', async (t) => {
  await t.test('a page', (t) => refusedGraph(t, '<html>404</html>', /is an HTML page, not an ONNX graph/));
  await t.test('nothing', (t) => refusedGraph(t, '', /is empty \(0 bytes\)/));
  await t.test('a GGUF file', (t) => refusedGraph(t, 'GGUF\x03\0\0\0', /is a GGUF file, not an ONNX graph/));
  await t.test('anything', (t) => refusedGraph(t, Buffer.alloc(4096, 0xff), /is not/));
  await t.test('zeros', (t) => refusedGraph(t, Buffer.alloc(4096), /is not/));
  await t.test('a text', (t) => refusedGraph(t, 'hello, this is no graph at all', /is (not|cut off)/));
});

t.test('a graph that was cut off, anywhere', async (t) => {
  const weights = await copy(t);
  const file = join(weights.folder, GRAPH);
  for (const kept of [7_000_000, 100_000, 1000, 40]) {
    await truncate(file, kept);
    await refused(t, weights, file, /is cut off: it has \d+ of at least \d+ bytes/);
  }
});

t.test('a model without one of its files', async (t) => {
  for (const name of ['tokenizer.json', 'tokenizer_config.json', 'config.json']) {
    const weights = await copy(t);
    await rm(join(weights.folder, name));
    await refused(t, weights, weights.folder, new RegExp(`holds no ${name}`));
  }
  const weights = await copy(t);
  await rm(join(weights.folder, GRAPH));
  await refused(t, weights, join(weights.folder, GRAPH), /does not exist/);
  await writeFile(join(weights.folder, 'tokenizer.json'), '<html>');
  await cp(join(TINY_FOLDER, GRAPH), join(weights.folder, GRAPH));
  await refused(t, weights, join(weights.folder, 'tokenizer.json'), /is not JSON/);
});

t.test('a folder that is a file, or missing', async (t) => {
  const weights = await copy(t);
  const file = join(weights.folder, 'config.json');
  await refused(t, { ...weights, folder: file }, file, /is a file, not the folder of an ONNX model/);
  const none = join(weights.folder, 'none');
  await refused(t, { ...weights, folder: none }, none, /does not exist/);
});

t.test('a folder that is locked', async (t) => {
  // Below a folder that every user may enter, as this repository need not be.
  const home = await mkdtemp(join(tmpdir(), 'atoma-locked-'));
  t.teardown(() => rm(home, { recursive: true, force: true }));
  await chmod(home, 0o755);
  const weights = await copy(t, join(home, 'model'));
  await chmod(weights.folder, 0o000);
  try {
    await asNobody(() => refused(t, weights, join(weights.folder, GRAPH), /permission denied/));
  } finally {
    await chmod(weights.folder, 0o700);
  }
});

t.test('a graph that does not generate', async (t) => {
  const cached = ['input_ids', 'past_key_values.0.key'];
  await t.test('an encoder', (t) =>
    refusedGraph(t, namesOnly(['input_ids'], ['last_hidden_state']), /does not generate text/),
  );
  await t.test('no cache', (t) =>
    refusedGraph(t, namesOnly(['input_ids'], ['logits']), /keeps no key\/value cache/),
  );
  await t.test('an encoder with a decoder', async (t) => {
    const weights = await copy(t);
    await writeFile(join(weights.folder, GRAPH), namesOnly(cached, ['logits']));
    const config = join(weights.folder, 'config.json');
    await writeFile(config, JSON.stringify({ is_encoder_decoder: true }));
    await refused(t, weights, config, /describes an encoder with a decoder/);
  });
});

for (const backend of ['onnx', 'wasm'] satisfies Backend[]) {
  t.test(`${backend}: an engine says the same of a model that it does not load`, async (t) => {
    const weights = await copy(t);
    await rm(join(weights.folder, 'tokenizer.json'));
    await t.rejects(startEngine(t, backend, { weights }), {
      code: 'model_load_failed',
      message: /holds no tokenizer.json; download the whole model/,
    });
    await writeFile(join(weights.folder, GRAPH), namesOnly(['input_ids', 'past.0'], ['logits']));
    await cp(join(TINY_FOLDER, 'tokenizer.json'), join(weights.folder, 'tokenizer.json'));
    await t.rejects(startEngine(t, backend, { weights }), {
      code: 'model_load_failed',
      message: /cannot load .*model\.onnx/,
    });
  });

  t.test(`${backend}: a graph whose numbers lie beside it, behind links as in a hub's cache`, async (t) => {
    const weights = await copy(t);
    const { graph, data } = externalized(await readFile(join(TINY_FOLDER, GRAPH)), 'model.onnx_data');
    const file = join(weights.folder, GRAPH);
    await rm(file);
    for (const [blob, content, link] of [
      ['aaaa', graph, file],
      ['bbbb', data, `${file}_data`],
    ] as const) {
      await writeFile(join(weights.folder, blob), content);
      await symlink(join('..', blob), link);
    }
    const engine = await startEngine(t, backend, { weights });
    t.match((await ask(engine, params(chat('What is 3 plus 4?')))).text, '3 plus 4 is 7.');
    t.equal(engine.info.fileBytes, graph.length + data.length);
  });
}

t.test('numbers beside a graph that are missing, cut off, or outside of its folder', async (t) => {
  const weights = await copy(t);
  const file = join(weights.folder, GRAPH);
  const whole = await readFile(file);
  const { graph, data } = externalized(whole, 'model.onnx_data');
  await writeFile(file, graph);
  await refused(t, weights, `${file}_data`, /does not exist/);
  await writeFile(`${file}_data`, data.subarray(0, 1000));
  await refused(t, weights, `${file}_data`, /is cut off: it has 1000 of at least \d+ bytes/);
  for (const outside of ['../../secret', '/etc/passwd']) {
    await writeFile(file, externalized(whole, outside).graph);
    await refused(t, weights, file, /wants numbers from .* outside of its folder/);
  }
});

t.test('wasm: weights beyond what WebAssembly holds', async (t) => {
  const weights = await copy(t);
  const file = join(weights.folder, GRAPH);
  const { graph, data } = externalized(await readFile(file), 'model.onnx_data');
  await writeFile(file, graph);
  await writeFile(`${file}_data`, data);
  // A hole: no disk is needed for it.
  await truncate(`${file}_data`, 3 * 1024 ** 3);
  await t.rejects(startEngine(t, 'wasm', { weights }), {
    code: 'model_load_failed',
    message: /bytes of weights, WebAssembly holds 2147483648 here; run it on another backend/,
  });
});
