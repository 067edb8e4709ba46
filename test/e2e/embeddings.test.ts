import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { BERT_CONTEXT, BERT_EMBEDDING, bertFile } from '../fixtures/bert-file.js';
import { EMBEDDING_SIZE, embeddingWeights } from '../fixtures/embedding-weights.js';
import { ask, askFor, startEngine } from '../fixtures/engine.js';
import { chat, jobOf, params, TinyDevice } from '../fixtures/tiny-device.js';

const EMBED = { embed: true };
const UNHEARD = { signal: new AbortController().signal, onTokens: () => undefined };

/** Of vectors of length 1, the cosine. */
const dot = (one: readonly number[], other: readonly number[]): number =>
  one.reduce((sum, value, at) => sum + value * (other[at] ?? 0), 0);

t.test('a model that says how its embeddings are pooled makes them, and still answers', async (t) => {
  const weights = await embeddingWeights(t);
  const engine = await startEngine(t, 'llama', { weights });
  t.equal(engine.info.embeddingSize, EMBEDDING_SIZE);
  const texts = ['The capital of Peru is Lima.', 'The capital of Peru is Rome.', 'x y z 1 2 3'];
  const plain = await ask(engine, params(chat('What is 3 plus 4?')));
  const before = engine.progress();
  const [answer, ...found] = await Promise.all([
    ask(engine, params(chat('What is 3 plus 4?'))),
    ...texts.map((text) => askFor(engine, params(text), EMBED)),
  ]);
  t.same(answer.tokens, plain.tokens, 'beside them');
  t.ok(engine.progress() > before);
  const vectors = found.map(({ embedding = [] }) => embedding);
  for (const vector of vectors) {
    t.equal(vector.length, EMBEDDING_SIZE);
    t.ok(Math.abs(dot(vector, vector) - 1) < 1e-9, 'of length 1');
  }
  const [peru = [], rome = [], other = []] = vectors;
  t.ok(dot(peru, rome) > dot(peru, other), 'texts that are alike are close');
  t.same((await askFor(engine, params(texts[0] ?? ''), EMBED)).embedding, peru, 'the same each time');
  const { inputTokens } = await ask(engine, params(texts[0] ?? '', { maxTokens: 0n }));
  t.match(found[0], { text: '', tokens: [], inputTokens, finishReason: 'stop', calls: [] });
});

t.test('texts that are too long, empty or cancelled', async (t) => {
  const engine = await startEngine(t, 'llama', { weights: await embeddingWeights(t) });
  const fitting = params('', { prePromptTokens: new Array(511).fill(300) });
  t.equal((await askFor(engine, fitting, EMBED)).inputTokens, 511);
  await t.rejects(askFor(engine, params('', { prePromptTokens: new Array(512).fill(300) }), EMBED), {
    code: 'prompt_too_long',
    fields: { promptTokens: 512, contextSize: 512 },
  });
  await t.rejects(askFor(engine, params(''), EMBED), { code: 'invalid_params' });
  await t.rejects(ask(engine, params('x'), 0, EMBED), { code: 'cancelled' });
  t.ok((await askFor(engine, params('x'), EMBED)).embedding, 'and the next one is served');
});

t.test('pooling is that of the file; one that ranks makes no embeddings', async (t) => {
  const first = [];
  for (const pooling of [1, 3]) {
    const engine = await startEngine(t, 'llama', { weights: await embeddingWeights(t, pooling) });
    first.push((await askFor(engine, params('Once upon a time'), EMBED)).embedding?.[0]);
  }
  t.equal(new Set(first).size, 2);
  const engine = await startEngine(t, 'llama', { weights: await embeddingWeights(t, 4) });
  t.equal(engine.info.embeddingSize, undefined);
  await t.rejects(askFor(engine, params('x'), EMBED), { code: 'embeddings_unsupported' });
});

t.test('an encoder is served by a device: embeddings, and no text', async (t) => {
  const file = join(t.testdir(), 'bert.gguf');
  await writeFile(file, bertFile());
  const device = await TinyDevice.started(t, { pool: { file } });
  t.match(device.models[0], {
    ...{ embeddingSize: BERT_EMBEDDING, contextSize: BERT_CONTEXT, chatTemplate: undefined },
    profile: { verdict: 'batch-invariant' },
  });
  const embedding = async (text: string) => {
    const done = await device.run({ ...jobOf(params(text)), extras: EMBED }, UNHEARD);
    t.match(done, { tokens: [], finishReason: 'stop', inputTokens: text.replaceAll(' ', '').length + 2 });
    return done.embedding ?? [];
  };
  const [one = [], same, other = []] = await Promise.all(['ab ab', 'ab ab', 'zy x'].map(embedding));
  t.equal(one.length, BERT_EMBEDDING);
  t.same(same, one);
  t.ok(dot(one, other) < 1 - 1e-6);
  await t.rejects(device.run(jobOf(params('ab')), UNHEARD), {
    code: 'invalid_params',
    message: /embeddings only/,
  });
  await t.rejects(embedding('a'.repeat(BERT_CONTEXT)), { code: 'prompt_too_long' });
  await embedding('a'.repeat(BERT_CONTEXT - 3));
});
