import fc from 'fast-check';
import { getLlama, type LlamaGrammar } from 'node-llama-cpp';
import t from 'tap';
import { jsonObjectGrammar } from '#src/workers/engines/grammar/json-rules.js';
import { schemaGrammar } from '#src/workers/engines/grammar/schema-grammar.js';

const llama = await getLlama({ gpu: false, build: 'never', progressLogs: false });
t.teardown(() => llama.dispose());

/** Whether llama.cpp's grammar takes a text as a whole. */
const takes = async (grammar: string, text: string): Promise<boolean> => {
  const compiled = (await llama.createGrammar({ grammar })) as LlamaGrammar & {
    _testText(text: string): boolean;
  };
  return compiled._testText(text);
};
const allows = (schema: unknown, value: unknown): Promise<boolean> =>
  takes(schemaGrammar(schema), JSON.stringify(value));

t.test('any JSON object, and nothing after it', async (t) => {
  await fc.assert(
    fc.asyncProperty(
      fc.object({ maxDepth: 3, values: [fc.string(), fc.integer(), fc.boolean(), fc.constant(null)] }),
      (value) => takes(jsonObjectGrammar(), JSON.stringify(value)),
    ),
    { numRuns: 100 },
  );
  for (const text of ['[]', '{} ', '{"a":}', '{"a":01}', '{"a":"\n"}', '{"a":"\\ud83d"}', 'null']) {
    t.notOk(await takes(jsonObjectGrammar(), text), text);
  }
});

t.test('properties in their order, those that are required always, the others where wanted', async (t) => {
  const schema = {
    type: 'object',
    properties: {
      a: { type: 'integer' },
      b: { type: 'boolean' },
      'c"\\\n': { type: 'null' },
      d: { type: 'number' },
    },
    required: ['b'],
    additionalProperties: false,
  };
  const whole = { a: 1, b: true, 'c"\\\n': null, d: 0.5 };
  for (const value of [whole, { b: false }, { a: 1, b: true }, { b: true, d: -1e10 }]) {
    t.ok(await allows(schema, value), JSON.stringify(value));
  }
  for (const value of [
    {},
    { a: 1 },
    { b: 1 },
    { a: 0.5, b: true },
    { b: true, a: 1 },
    { b: true, e: 1 },
    [],
  ]) {
    t.notOk(await allows(schema, value), JSON.stringify(value));
  }
  t.ok(await allows({ ...schema, required: [] }, {}));
  t.ok(await allows({ required: ['x'] }, { x: ['anything'] }), 'one that only is required may be anything');
});

t.test('maps, lists, enums, formats and references', async (t) => {
  const list = {
    $defs: { node: { type: 'object', properties: { next: { $ref: '#/$defs/node' } } } },
    anyOf: [{ $ref: '#/$defs/node' }, { type: 'null' }],
  };
  const cases: readonly (readonly [schema: unknown, good: readonly unknown[], bad: readonly unknown[]])[] = [
    [{ type: 'object', additionalProperties: { type: 'integer' } }, [{}, { a: 1, b: 2 }], [{ a: 'x' }]],
    [
      { type: 'array', items: { type: 'null' }, minItems: 1, maxItems: 2 },
      [[null], [null, null]],
      [[], [null, null, null]],
    ],
    [{ type: 'array', maxItems: 0 }, [[]], [[1]]],
    [
      { prefixItems: [{ const: 1 }], items: { const: 2 }, minItems: 2 },
      [
        [1, 2],
        [1, 2, 2],
      ],
      [[1], [2, 2]],
    ],
    [{ prefixItems: [{ const: 1 }], items: false }, [[1]], [[1, 1], [2]]],
    [{ enum: ['a', 1, null, { b: [2] }] }, ['a', 1, null, { b: [2] }], ['b', 2, {}]],
    [{ type: ['string', 'null'], enum: ['é😀', null, 5] }, ['é😀', null], [5]],
    [{ type: ['integer', 'null'] }, [7, null, -12], ['x', 1.5]],
    [{ type: 'string', minLength: 2, maxLength: 3 }, ['ab', 'é😀x'], ['a', 'abcd', '']],
    [{ type: 'string', format: 'date' }, ['2024-12-31'], ['2024-02-30', '2024-13-01', 'x']],
    [{ type: 'string', format: 'uuid' }, ['00000000-0000-4000-8000-00000000000f'], ['0']],
    [list, [null, {}, { next: { next: {} } }], [{ next: null }, 1]],
    [{ allOf: [{ type: 'boolean' }], description: 'one' }, [true], [1]],
    [true, [1, 'x', [{}]], []],
    [{ title: 'anything', 'x-order': 1 }, [1, {}], []],
    [{ oneOf: [{ type: 'string' }, { type: 'number' }] }, ['x', 1.5], [null]],
  ];
  for (const [schema, good, bad] of cases) {
    for (const value of good) t.ok(await allows(schema, value), JSON.stringify([schema, value]));
    for (const value of bad) t.notOk(await allows(schema, value), JSON.stringify([schema, value]));
  }
});

t.test('numbers within bounds, and no others', async () => {
  const bound = fc.integer({ min: -1200, max: 1200 });
  await fc.assert(
    fc.asyncProperty(bound, bound, fc.boolean(), fc.boolean(), async (one, other, openLow, openHigh) => {
      const [min, max] = [Math.min(one, other), Math.max(one, other) + 2];
      const schema = {
        [openLow ? 'exclusiveMinimum' : 'minimum']: min,
        [openHigh ? 'exclusiveMaximum' : 'maximum']: max,
      };
      const whole = schemaGrammar({ type: 'integer', ...schema });
      const any = schemaGrammar({ type: 'number', ...schema });
      const fits = (value: number): boolean =>
        (openLow ? value > min : value >= min) && (openHigh ? value < max : value <= max);
      for (const value of [min - 1, min, min + 1, max - 1, max, max + 1, 0, min * 10, max * 10]) {
        if ((await takes(whole, String(value))) !== fits(value)) return false;
        if ((await takes(any, String(value))) !== fits(value)) return false;
        // Fractions near a bound may be left out, never let in.
        if ((await takes(any, `${value}.5`)) && !fits(Number(`${value}.5`))) return false;
      }
      return takes(any, `${openLow && min + 1 >= 0 ? min + 1 : min < 0 ? min + 1 : min}`);
    }),
    { numRuns: 150 },
  );
});

t.test('what a grammar cannot hold is refused, with the keyword and where it stands', async (t) => {
  const deep = (levels: number): unknown => (levels === 0 ? true : { items: deep(levels - 1) });
  const refused: readonly (readonly [schema: unknown, keyword: string, path?: string])[] = [
    [{ properties: { name: { type: 'string', pattern: '^a' } } }, 'pattern', '#/properties/name'],
    [{ items: { anyOf: [{ type: 'integer', multipleOf: 2 }] } }, 'multipleOf', '#/items/anyOf/0'],
    [{ properties: { 'a/b': { not: {} } } }, 'not', '#/properties/a~1b'],
    [{ type: 'array', uniqueItems: true }, 'uniqueItems'],
    [{ patternProperties: {} }, 'patternProperties'],
    [{ allOf: [{}, {}] }, 'allOf'],
    [{ anyOf: [{}], type: 'object' }, 'type'],
    [{ oneOf: [{ type: 'integer' }, { type: 'number' }] }, 'oneOf'],
    [{ $ref: 'https://example.org/schema' }, '$ref'],
    [{ $ref: '#/$defs/none' }, '$ref'],
    [{ $ref: '#' }, '$ref'],
    [
      { $defs: { a: { anyOf: [{ $ref: '#/$defs/b' }] }, b: { $ref: '#/$defs/a' } }, $ref: '#/$defs/a' },
      '$ref',
    ],
    [{ type: 'text' }, 'type'],
    [{ type: 'string', format: 'email' }, 'format'],
    [{ type: 'string', maxLength: 1e9 }, 'maxLength'],
    [{ type: 'array', minItems: 3, maxItems: 2 }, 'maxItems'],
    [{ type: 'integer', minimum: 5, maximum: 4 }, 'minimum'],
    [{ enum: [] }, 'enum'],
    [{ required: ['a'], additionalProperties: false }, 'required'],
    [{ type: 'object', minProperties: 2 }, 'minProperties'],
    [deep(40), '$schema'],
    [{ enum: Array.from({ length: 3000 }, (_, at) => at) }, '$schema', '#'],
    [{ properties: { a: false } }, 'properties', '#'],
    [{ properties: { a: null } }, '$schema', '#/properties/a'],
    [{ required: [1] }, 'required'],
    [{ prefixItems: Array.from({ length: 50 }, () => ({ type: 'string', maxLength: 900 })) }, '$schema'],
  ];
  for (const [schema, keyword, path] of refused) {
    const fields = path === undefined ? { keyword } : { keyword, path };
    t.throws(() => schemaGrammar(schema), { code: 'grammar_unsupported', message: keyword, fields });
  }
});

t.test('branches that a const tells apart may be oneOf', async (t) => {
  const tagged = (kind: string): unknown => ({
    type: 'object',
    properties: { kind: { const: kind } },
    required: ['kind'],
  });
  const schema = { oneOf: [{ $ref: '#/$defs/cat' }, tagged('dog')], $defs: { cat: tagged('cat') } };
  t.ok(await allows(schema, { kind: 'cat' }));
  t.notOk(await allows(schema, { kind: 'cow' }));
  t.throws(() => schemaGrammar({ oneOf: [tagged('a'), tagged('a')] }), { code: 'grammar_unsupported' });
});

t.test('any JSON as a schema is a grammar or a refusal', async () => {
  const keywords = [
    'type',
    'properties',
    'items',
    'enum',
    'const',
    'anyOf',
    'oneOf',
    'required',
    '$ref',
    'minItems',
    'maximum',
    'format',
    'additionalProperties',
    'prefixItems',
    'allOf',
  ];
  const { schema } = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom<unknown>('object', 'string', 'integer', '#', 1, true, null, 'a'),
      tie('schema'),
      fc.array(tie('value'), { maxLength: 3 }),
    ),
    schema: fc.dictionary(fc.constantFrom(...keywords), tie('value'), { maxKeys: 3 }),
  }));
  await fc.assert(
    fc.asyncProperty(schema, async (given) => {
      let grammar: string;
      try {
        grammar = schemaGrammar(given);
      } catch (error) {
        return (error as { code?: string }).code === 'grammar_unsupported';
      }
      await llama.createGrammar({ grammar });
      return true;
    }),
    { numRuns: 500 },
  );
});
