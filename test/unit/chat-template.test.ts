import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { ModelWeights } from '#src/core/index.js';
import { readChatTemplate, renderChat } from '#src/workers/index.js';
import { TINY_F16, TINY_ONNX } from '../fixtures/tiny-weights.js';

const CHAT = [{ role: 'user', content: 'What is Atoma?' }];
const CHAT_ML = '<|im_start|>user\nWhat is Atoma?<|im_end|>\n<|im_start|>assistant\n';

/** A folder with a tokenizer configuration, and other files where they are given. */
function folder(t: Test, config: Record<string, unknown>, files: Record<string, string> = {}): ModelWeights {
  const path = t.testdir({ 'tokenizer_config.json': JSON.stringify(config), ...files });
  return { format: 'onnx', folder: path, file: 'onnx/model.onnx', bytes: 0 };
}

async function rendered(weights: ModelWeights, messages = CHAT): Promise<string> {
  const template = await readChatTemplate(weights);
  if (template === undefined) throw new Error('no template');
  return renderChat(template, messages);
}

t.test('the demo model writes a chat the same way in GGUF and in ONNX', async (t) => {
  t.equal(await rendered(TINY_F16), CHAT_ML);
  t.equal(await rendered(TINY_ONNX), CHAT_ML);
});

t.test('a template sees the texts of the begin and end tokens', async (t) => {
  const weights = folder(t, {
    chat_template: '{{ bos_token }}{{ messages[0].content }}{{ eos_token }}',
    bos_token: '<s>',
    eos_token: { content: '</s>', special: true },
  });
  t.equal(await rendered(weights, [{ role: 'user', content: 'hi' }]), '<s>hi</s>');
});

t.test('of several templates the default one is taken', async (t) => {
  const named = [
    { name: 'tool_use', template: 'tools' },
    { name: 'default', template: 'plain' },
  ];
  t.equal(await rendered(folder(t, { chat_template: named })), 'plain');
  t.equal(await rendered(folder(t, { chat_template: named.slice(0, 1) })), 'tools');
});

t.test('a template in a file of its own comes before the configuration', async (t) => {
  const weights = folder(t, { chat_template: 'old' }, { 'chat_template.jinja': 'new' });
  t.equal(await rendered(weights), 'new');
});

t.test('a model without a template has none', async (t) => {
  t.equal(await readChatTemplate(folder(t, {})), undefined);
  const bare = t.testdir();
  t.equal(await readChatTemplate({ format: 'onnx', folder: bare, file: 'model.onnx', bytes: 0 }), undefined);
});

t.test('a template that refuses a chat, or is none, is an error with its words', async (t) => {
  const refuses = { source: '{{ raise_exception("user first") }}', bosText: '', eosText: '' };
  t.throws(() => renderChat(refuses, CHAT), { code: 'chat_template_failed', message: /user first/ });
  const broken = { source: '{% if %}', bosText: '', eosText: '' };
  t.throws(() => renderChat(broken, CHAT), { code: 'chat_template_failed' });
});

t.test('a file that cannot be read is named', async (t) => {
  const path = t.testdir({ 'tokenizer_config.json': 'no json', 'model.gguf': '<!doctype html>' });
  await t.rejects(readChatTemplate({ format: 'onnx', folder: path, file: 'model.onnx', bytes: 0 }), {
    code: 'model_load_failed',
    message: /tokenizer_config\.json is no JSON/,
  });
  await t.rejects(readChatTemplate({ format: 'gguf', file: join(path, 'model.gguf'), bytes: 0 }), {
    code: 'model_load_failed',
  });
});
