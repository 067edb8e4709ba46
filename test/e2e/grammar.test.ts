import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import t from 'tap';
import type { RequestExtras } from '#src/core/index.js';
import { ask, askFor, startEngine } from '../fixtures/engine.js';
import { chat, ENDLESS, params } from '../fixtures/tiny-device.js';

const engine = await startEngine(t, 'llama');
const ajv = new Ajv2020({ strict: false });
ajv.addFormat('date', (text: string) => {
  const time = Date.parse(text);
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(text);
});
const QUESTION = chat('What is Atoma?');
const heldTo = (schema: Record<string, unknown>): RequestExtras => ({
  grammar: { kind: 'json_schema', schema },
});

const PERSON = {
  type: 'object',
  properties: {
    name: { type: 'string', minLength: 1, maxLength: 8 },
    role: { enum: ['node', 'client'] },
    age: { type: 'integer', minimum: 0, maximum: 150 },
    active: { type: 'boolean' },
    scores: { type: 'array', items: { type: 'integer', minimum: -9, maximum: 9 }, minItems: 1, maxItems: 3 },
  },
  required: ['name', 'role', 'age', 'active', 'scores'],
  additionalProperties: false,
};

t.test('an answer is JSON that matches its schema, however it is drawn', async (t) => {
  const matches = ajv.compile(PERSON);
  for (const change of [{}, { temperature: 1.5, randomSeed: 2n }, { temperature: 50, randomSeed: 3n }]) {
    const answer = await askFor(engine, params(QUESTION, { ...change, maxTokens: 300n }), heldTo(PERSON));
    t.equal(answer.finishReason, 'stop');
    t.ok(matches(JSON.parse(answer.text)), answer.text);
    t.equal(answer.calls.map(([, , text]) => text).join(''), answer.text);
  }
});

t.test('any JSON object, and one that is cut off by max_tokens', async (t) => {
  const extras: RequestExtras = { grammar: { kind: 'json_object' } };
  const prompt = params('{"name": "Atoma", "id": 1}\n', { maxTokens: 400n, temperature: 1 });
  let complete = 0;
  for (const randomSeed of [1n, 2n, 3n, 4n]) {
    const { text, finishReason } = await askFor(engine, { ...prompt, randomSeed }, extras);
    if (finishReason !== 'stop') continue;
    complete++;
    t.type(JSON.parse(text), 'object');
  }
  t.ok(complete > 0, `${complete} of 4 came to an end`);
  const cut = await askFor(engine, params(QUESTION, { maxTokens: 3n }), heldTo(PERSON));
  t.match(cut, { finishReason: 'length', text: /^\{/ });
});

/** Schemas of what has an end. */
const { schema } = fc.letrec<{ schema: Record<string, unknown>; object: Record<string, unknown> }>((tie) => ({
  schema: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    fc.constantFrom<Record<string, unknown>>(
      { type: 'boolean' },
      { type: 'null' },
      { type: ['integer', 'null'], minimum: -50, maximum: 2000 },
      { type: 'number', exclusiveMinimum: 0, maximum: 10 },
      { type: 'string', maxLength: 5 },
      { type: 'string', format: 'date' },
      { const: 'é😀"\\' },
    ),
    fc
      .uniqueArray(fc.oneof(fc.integer(), fc.string()), { minLength: 1, maxLength: 4 })
      .map((values) => ({ enum: values })),
    tie('object'),
    tie('schema').map((items) => ({ type: 'array', items, maxItems: 2 })),
    fc.array(tie('schema'), { minLength: 1, maxLength: 3 }).map((anyOf) => ({ anyOf })),
  ),
  object: fc
    .record({
      properties: fc.dictionary(
        fc.string({ maxLength: 4 }).filter((name) => name !== '__proto__'),
        tie('schema'),
        { maxKeys: 3 },
      ),
      all: fc.boolean(),
    })
    .map(({ properties, all }) => ({
      type: 'object',
      properties: { ...properties },
      required: all ? Object.keys(properties) : [],
      additionalProperties: false,
    })),
}));

t.test('what comes to its end under any schema is JSON that matches it', async (t) => {
  let complete = 0;
  let asked = 0;
  await fc.assert(
    fc.asyncProperty(schema, fc.bigInt({ min: 0n, max: 1000n }), async (given, randomSeed) => {
      const prompt = params(QUESTION, { temperature: 3, randomSeed, maxTokens: 200n });
      const { text, finishReason } = await askFor(engine, prompt, heldTo(given));
      asked++;
      if (finishReason !== 'stop') return true;
      complete++;
      return ajv.validate({ ...given, $comment: String(asked) }, JSON.parse(text));
    }),
    { numRuns: 60 },
  );
  t.ok(complete > asked / 2, `${complete} of ${asked} came to an end`);
});

t.test('a grammar goes with logprobs, penalties and stop texts, and leaves others alone', async (t) => {
  const prompt = params(QUESTION, { maxTokens: 300n });
  const plain = await ask(engine, prompt);
  const schema = heldTo(PERSON);
  const [held, told, stopped, beside] = await Promise.all([
    askFor(engine, prompt, schema),
    askFor(engine, prompt, { ...schema, topLogprobs: 3, presencePenalty: 0 }),
    askFor(engine, prompt, { ...schema, stop: ['"role"'] }),
    ask(engine, prompt),
  ]);
  t.same(told.tokens, held.tokens);
  t.equal(told.logprobs?.length, told.tokens.length);
  t.equal(stopped.text, held.text.slice(0, held.text.indexOf('"role"')));
  t.same(beside.tokens, plain.tokens);
  const penalized = await askFor(engine, prompt, { ...schema, frequencyPenalty: 1 });
  t.ok(ajv.validate(PERSON, JSON.parse(penalized.text)));
});

t.test('a cancelled one ends at its next token; one that is refused takes no place', async (t) => {
  const endless = heldTo({ type: 'array', items: { type: 'string' }, minItems: 900 });
  await t.rejects(ask(engine, params(QUESTION, ENDLESS), 5, endless), { code: 'cancelled' });
  for (let time = 0; time < 5; time++) {
    await t.rejects(askFor(engine, params(QUESTION), heldTo({ type: 'string', pattern: 'a' })), {
      code: 'grammar_unsupported',
      fields: { keyword: 'pattern', path: '#' },
    });
  }
  t.ok(await ask(engine, params(QUESTION)));
});
