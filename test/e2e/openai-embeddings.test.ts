import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import t from 'tap';
import { EMBEDDING_SIZE, embeddingWeights } from '../fixtures/embedding-weights.js';
import { MODEL_DIR } from './cli.js';
import { failureOf, MODEL, startWith } from './openai-node.js';

const weights = await embeddingWeights(t);
const folder = dirname(weights.format === 'gguf' ? weights.file : '');
const config = join(folder, 'model.toml');
await writeFile(
  config,
  `cache_dir = "cache"\nflush_storage = false\njrpc_port = 0\ntracing = false\nmodels = [["cpu", "f16", ${JSON.stringify(folder)}, "", false], ["cpu", "q8_0", ${JSON.stringify(MODEL_DIR)}, "", false]]\n[pool]\nworkers = 1\nsequences = 2\n`,
);
const { client } = await startWith(t, config);
const names = (await client.models.list()).data.map(({ id }) => id);
const model = names.find((name) => name !== MODEL) ?? '';

t.test('texts become vectors, in order, however many there are', async (t) => {
  const input = ['The capital of Peru is Lima.', 'x y z', 'The capital of Peru is Lima.'];
  const { data, usage, object } = await client.embeddings.create({ model, input, encoding_format: 'float' });
  t.equal(object, 'list');
  t.same(
    data.map(({ index, embedding }) => [index, embedding.length]),
    [0, 1, 2].map((index) => [index, EMBEDDING_SIZE]),
  );
  t.same(data[0]?.embedding, data[2]?.embedding);
  t.not(data[0]?.embedding[0], data[1]?.embedding[0]);
  const { usage: alone } = await client.embeddings.create({ model, input: input[1] ?? '' });
  const { usage: first } = await client.embeddings.create({ model, input: input[0] ?? '' });
  t.equal(usage.prompt_tokens, alone.prompt_tokens + 2 * first.prompt_tokens);
  const many = await client.embeddings.create({ model, input: Array.from({ length: 40 }, () => 'x') });
  t.equal(many.data.length, 40, 'more than there are sequences');
});

t.test('base64, which the client asks for by itself, holds the same numbers in 32 bits', async (t) => {
  const float = await client.embeddings.create({ model, input: 'hello', encoding_format: 'float' });
  const packed = await client.embeddings.create({ model, input: 'hello' });
  t.same(packed.data[0]?.embedding, float.data[0]?.embedding.map(Math.fround));
  const ids = await client.embeddings.create({ model, input: [[79, 78], [67]], dimensions: EMBEDDING_SIZE });
  t.equal(ids.data.length, 2);
  t.equal(ids.usage.prompt_tokens, 3);
});

t.test('what cannot be done is refused by name', async (t) => {
  const refused = async (more: object, param: string | null, code: string): Promise<void> => {
    const failure = await failureOf(client.embeddings.create({ model, input: 'x', ...more }));
    t.match(failure, { status: 400, type: 'invalid_request_error', param, code });
  };
  await refused({ dimensions: 8 }, 'dimensions', 'invalid_value');
  await refused({ model: MODEL }, 'model', 'embeddings_unsupported');
  await refused({ input: [] }, 'input', 'invalid_value');
  await refused({ input: 'word '.repeat(2000) }, null, 'context_length_exceeded');
  await refused({ truncate: true }, 'truncate', 'unknown_parameter');
});
