import t from 'tap';
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
    const engine = await startEngine(t, 'llama', { weights: await embeddingWeights(t, { pooling }) });
    first.push((await askFor(engine, params('Once upon a time'), EMBED)).embedding?.[0]);
  }
  t.equal(new Set(first).size, 2);
  const engine = await startEngine(t, 'llama', { weights: await embeddingWeights(t, { pooling: 4 }) });
  t.equal(engine.info.embeddingSize, undefined);
  await t.rejects(askFor(engine, params('x'), EMBED), { code: 'embeddings_unsupported' });
});

t.test('an encoder is served by a device: embeddings, and no text', async (t) => {
  const weights = await embeddingWeights(t, { isEncoder: true });
  const device = await TinyDevice.started(t, {
    pool: { file: weights.format === 'gguf' ? weights.file : '' },
  });
  t.match(device.models[0], { embeddingSize: EMBEDDING_SIZE, profile: { verdict: 'batch-invariant' } });
  const job = jobOf(params('Once upon a time'));
  const found = await Promise.all(
    Array.from({ length: 4 }, () => device.run({ ...job, extras: EMBED }, UNHEARD)),
  );
  for (const { embedding, tokens } of found) {
    t.equal(embedding?.length, EMBEDDING_SIZE);
    t.same(embedding, found[0]?.embedding);
    t.same(tokens, []);
  }
  await t.rejects(device.run(job, UNHEARD), { code: 'invalid_params', message: /embeddings only/ });
});
