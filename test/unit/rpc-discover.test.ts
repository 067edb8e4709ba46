import openRpcModule from '@open-rpc/meta-schema';
import { Ajv, type ValidateFunction } from 'ajv';
import t from 'tap';
import type { OpenRpcDocument } from '#src/rpc/discovery/open-rpc.js';
import { ERROR_CATALOGUE } from '#src/rpc/error-catalogue.js';
import { createMethods } from '#src/rpc/methods/index.js';
import { call, startServer } from '../e2e/rpc-clients.js';
import { FakeNode } from '../e2e/rpc-fake-node.js';

const methods = createMethods(new FakeNode(), () => 'http://127.0.0.1:3000');

async function discover(t: Parameters<typeof startServer>[0]): Promise<OpenRpcDocument & { url: string }> {
  const { server } = await startServer(t);
  const answer = (await call(server.url, 'rpc.discover')) as { result: OpenRpcDocument };
  return { ...answer.result, url: server.url };
}

t.test('rpc.discover serves a document that the meta-schema of OpenRPC finds valid', async (t) => {
  const { url, ...document } = await discover(t);
  const ajv = new Ajv({ strict: false, formats: { uri: (text: string) => URL.canParse(text) } });
  // The meta-schema refers to that of JSON Schema under this address.
  ajv.addSchema({ $id: 'https://meta.json-schema.tools', $ref: 'http://json-schema.org/draft-07/schema#' });
  const validate = ajv.compile(openRpcModule);
  t.ok(validate(document), JSON.stringify(validate.errors?.slice(0, 5)));
  t.match(document.info, { title: 'Atoma node', version: '1.2.3' });
  t.same(
    document.servers.map((server) => server['url']),
    [url, `${url.replace('http', 'ws')}/ws`],
  );
});

t.test(
  'every method is there, with what it needs and answers, and every reference leads somewhere',
  async (t) => {
    const document = await discover(t);
    t.same(
      document.methods.map(({ name, params }) => [name, params.map((param) => param.name)]),
      methods.map(({ name, params }) => [name, Object.keys(params.shape)]),
    );
    for (const method of document.methods)
      t.ok(method.errors.length > 0 && method.summary !== '', method.name);
    for (const [, path = ''] of JSON.stringify(document).matchAll(/"\$ref":"#\/([^"]+)"/g)) {
      const found = path
        .split('/')
        .reduce<unknown>((value, key) => Reflect.get(value as object, key), document);
      t.type(found, 'object', path);
    }
    t.notMatch(JSON.stringify(document), /#\/definitions/);
    t.same(Object.keys(document.components.errors), Object.keys(ERROR_CATALOGUE));
    const texts = JSON.stringify(document.components.schemas['NumericProfile']);
    t.equal(JSON.stringify(document).split(texts).length, 2, 'a shared schema is written once');
  },
);

t.test('the schemas of the document take what the server takes, and refuse what it refuses', async (t) => {
  const document = await discover(t);
  const validate = paramsValidator(document, 'atoma_generate');
  const good = [{ prompt: 'x' }, { prompt: 'x', max_tokens: '5', stop: 'a', pre_prompt_tokens: [1] }];
  const bad = [
    {},
    { prompt: 'x', max_tokens: -1 },
    { prompt: 'x', pre_prompt_tokens: [-1] },
    { prompt: 'x', top_logprobs: 21 },
  ];
  for (const params of good) t.ok(validate(params), JSON.stringify(params));
  for (const params of bad) t.notOk(validate(params), JSON.stringify(params));
});

t.test('examples are what they say', async (t) => {
  for (const { name, params, result, examples } of methods) {
    for (const example of examples) {
      t.ok(params.safeParse(example.params).success, `${name}: ${example.name}`);
      t.strictSame(result.parse(example.result), example.result);
    }
  }
});

function paramsValidator(document: OpenRpcDocument, name: string): ValidateFunction {
  const params = document.methods.find((method) => method.name === name)?.params ?? [];
  const ajv = new Ajv({ strict: false });
  return ajv.compile({
    type: 'object',
    properties: Object.fromEntries(params.map((param) => [param.name, param.schema])),
    required: params.filter((param) => param.required).map((param) => param.name),
    additionalProperties: false,
    components: document.components,
  });
}
