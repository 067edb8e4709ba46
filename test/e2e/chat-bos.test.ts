import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { renderChatOf } from '#src/node/render-chat.js';
import { ask, startEngine } from '../fixtures/engine.js';
import { TinyGguf } from '../fixtures/gguf-file.js';
import { params } from '../fixtures/tiny-device.js';
import { modelInfo } from './rpc-fake-node.js';

/** The demo model's tokenizer says that it adds none. */
const KEY = 'tokenizer.ggml.add_bos_token';
/** The key's text, then the type of its value in 4 bytes. */
const VALUE_OFFSET = KEY.length + 4;

t.test('a chat whose template begins with BOS has one, though the tokenizer adds one as well', async (t) => {
  const file = join(t.testdir(), 'with-bos.gguf');
  const bytes = (await TinyGguf.read()).bytes((copy) => copy.writeUInt8(1, copy.indexOf(KEY) + VALUE_OFFSET));
  await writeFile(file, bytes);
  const engine = await startEngine(t, 'llama', {
    weights: { format: 'gguf', file, bytes: bytes.length },
  });
  const bosText = '<|endoftext|>';
  const source = '{{ bos_token }}{% for m in messages %}{{ m.content }}{% endfor %}';
  const info = { ...modelInfo('tiny'), chatTemplate: { source, bosText, eosText: '' } };
  const chat = { model: 'tiny', messages: [{ role: 'user', content: 'Once upon a time' }] };
  const prompt = renderChatOf(chat, [info]);
  t.equal(prompt, '<|endoftext|>Once upon a time');
  const [templated, raw] = [
    await ask(engine, params(prompt, { maxTokens: 1n })),
    await ask(engine, params('Once upon a time', { maxTokens: 1n })),
  ];
  t.equal(raw.inputTokens, 5, 'four tokens of text and the BOS');
  t.same(templated.promptTokens, raw.promptTokens);
});
