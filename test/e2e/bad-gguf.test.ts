import { chmod, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { loadBinding } from '#src/workers/engines/llama/loaded-llama.js';
import { checkGguf } from '#src/workers/engines/weights/gguf-check.js';
import { ask, startEngine } from '../fixtures/engine.js';
import { TinyGguf } from '../fixtures/gguf-file.js';
import { asNobody } from '../fixtures/nobody.js';
import { chat, params } from '../fixtures/tiny-device.js';

const HTML = '<!DOCTYPE html><html><body>503 Service Unavailable</body></html>';

const llama = await loadBinding(false);
t.teardown(() => llama.dispose());

/** Checks a file and expects an error that names it, says what it found, and what to do. */
async function refused(t: Test, file: string, found: RegExp, named = file): Promise<void> {
  await t.rejects(checkGguf(file, llama), {
    code: 'model_load_failed',
    fields: { file: named, found, remedy: /./ },
  });
}

/** A file of a test. */
async function file(t: Test, content: string | Buffer, name = 'model.gguf'): Promise<string> {
  const path = join(t.testdir(), name);
  await writeFile(path, content);
  return path;
}

t.test('what is no GGUF file', async (t) => {
  await t.test('a page', async (t) => refused(t, await file(t, HTML), /is an HTML page, not a GGUF file/));
  await t.test('a pointer', async (t) =>
    refused(t, await file(t, 'version https://git-lfs.github.com/spec/v1\noid'), /is a Git LFS pointer/),
  );
  await t.test('anything', async (t) => refused(t, await file(t, Buffer.alloc(4096, 7)), /begins with 0707/));
  await t.test('nothing', async (t) => refused(t, await file(t, ''), /is empty \(0 bytes\)/));
  await t.test('no file', async (t) => refused(t, join(t.testdir(), 'none.gguf'), /does not exist/));
  await t.test('a folder', async (t) => refused(t, t.testdir(), /is a folder/));
});

t.test('a file of another version, or with numbers that cannot be', async (t) => {
  const tiny = await TinyGguf.read();
  const version = (bytes: Buffer): unknown => bytes.writeUInt32LE(1, 4);
  await refused(t, await file(t, tiny.bytes(version)), /has GGUF version 1, llama.cpp reads 2 and 3/);
  const counts = (bytes: Buffer): unknown => bytes.writeBigUInt64LE(2n ** 60n, 16);
  await refused(t, await file(t, tiny.bytes(counts)), /is damaged: it claims 1152921504606846976 entries/);
});

t.test('a file that was cut off, anywhere', async (t) => {
  const tiny = await TinyGguf.read();
  const { length } = tiny.bytes();
  for (const kept of [4, 20, 1000, 30_000, length / 2, length - 1]) {
    await refused(t, await file(t, tiny.bytes().subarray(0, kept)), /is cut off: it has \d+/);
  }
});

t.test('architectures that cannot be run', async (t) => {
  const tiny = await TinyGguf.read();
  const unknown = tiny.bytes((bytes) => bytes.write('lxama', bytes.indexOf('llama', 32)));
  await refused(
    t,
    await file(t, unknown),
    /architecture lxama, which this version of llama.cpp does not know/,
  );
  await refused(
    t,
    await file(t, tiny.withFlag('llama.attention.causal', false)),
    /architecture llama, which reads text .* but does not continue it/,
  );
});

t.test('a file without permission', async (t) => {
  const locked = join(t.testdir({ locked: { 'model.gguf': 'GGUF' } }), 'locked');
  await chmod(locked, 0o000);
  try {
    await asNobody(() =>
      refused(t, join(locked, 'model.gguf'), /must not be read by this user: permission denied/),
    );
  } finally {
    await chmod(locked, 0o700);
  }
});

t.test('an engine says the same of a file that it does not load', async (t) => {
  const weights = { format: 'gguf', file: await file(t, HTML), bytes: 0 } as const;
  await t.rejects(startEngine(t, 'llama', { weights }), {
    code: 'model_load_failed',
    message: /is an HTML page/,
  });
  const folder = { format: 'onnx', folder: t.testdirName, file: 'model.onnx', bytes: 0 } as const;
  await t.rejects(startEngine(t, 'llama', { weights: folder }), { code: 'model_load_failed' });
});

t.test('a split model is loaded whole', async (t) => {
  const [first, second] = await (await TinyGguf.read()).split(t.testdir());
  const weights = { format: 'gguf', file: first, bytes: 0 } as const;
  const engine = await startEngine(t, 'llama', { weights });
  t.match((await ask(engine, params(chat('What is 3 plus 4?')))).text, '3 plus 4 is 7.');
  t.equal(engine.info.fileBytes, (await stat(first)).size + (await stat(second)).size);
});

t.test('a split model of which a part is missing or cut off', async (t) => {
  const tiny = await TinyGguf.read();
  const [first, second] = await tiny.split(t.testdir());
  await refused(t, second, /is part 2 of a split model/);
  await writeFile(second, tiny.bytes().subarray(0, 100_000));
  await refused(t, first, /is cut off/, second);
  await rename(second, `${second}.away`);
  await refused(t, first, /does not exist/, second);
  const alone = join(t.testdirName, 'model.gguf');
  await rename(first, alone);
  await refused(t, alone, /is one of 2 parts, but its name does not say so/);
});
