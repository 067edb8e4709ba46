import t from 'tap';
import { call, post, SocketClient, startServer } from './rpc-clients.js';

const TOKEN = 'correct horse battery staple'.replaceAll(' ', '-');
const METHODS: readonly [string, unknown][] = [
  ['atoma_loadModel', { model_type: 'owner/name' }],
  ['atoma_unloadModel', { name: 'tiny' }],
];

/** Calls a method over HTTP with an `Authorization` header. */
async function callAs(
  url: string,
  authorization: string | undefined,
  method: string,
  params: unknown,
): Promise<unknown> {
  const response = await post(url, JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }), {
    headers: { 'content-type': 'application/json', ...(authorization !== undefined && { authorization }) },
  });
  t.equal(response.status, 200, 'JSON-RPC answers all its calls with 200');
  return response.json();
}

t.test('without a token in the configuration the methods are closed, whatever a client knows', async (t) => {
  const { server, node } = await startServer(t);
  for (const [method, params] of METHODS) {
    for (const authorization of [undefined, 'Bearer ', `Bearer ${TOKEN}`, 'Bearer undefined']) {
      t.match(await callAs(server.url, authorization, method, params), {
        error: { message: /admin_token/, data: { code: 'admin_disabled' } },
      });
    }
  }
  t.strictSame(node.modelRequests, []);
});

t.test('over HTTP only the token opens them', async (t) => {
  const { server, node } = await startServer(t, {}, TOKEN);
  const wrong = [
    [undefined, /missing/],
    ['', /missing/],
    [TOKEN, /missing/],
    [`Basic ${TOKEN}`, /missing/],
    ['Bearer', /missing/],
    [`Bearer ${TOKEN}x`, /wrong/],
    [`Bearer ${TOKEN.slice(1)}`, /wrong/],
    [`Bearer ${TOKEN} ${TOKEN}`, /missing/],
  ] as const;
  for (const [method, params] of METHODS) {
    for (const [authorization, message] of wrong) {
      const answer = await callAs(server.url, authorization, method, params);
      t.match(answer, { error: { message, data: { code: 'unauthorized' } } }, `${authorization}`);
      t.notMatch(JSON.stringify(answer), TOKEN, 'it does not tell');
    }
  }
  t.strictSame(node.modelRequests, []);
  for (const [method, params] of METHODS) {
    for (const scheme of ['Bearer', 'bearer']) {
      t.match(await callAs(server.url, `${scheme} ${TOKEN}`, method, params), { result: {} });
    }
  }
  t.equal(node.modelRequests.length, 4);
  t.match(await call(server.url, 'atoma_nodeInfo'), { result: { version: '1.2.3' } }, 'the others stay open');
});

t.test('over a WebSocket the header of its upgrade counts, for each of its calls', async (t) => {
  const { server, node } = await startServer(t, {}, TOKEN);
  const user = await SocketClient.connect(server.url);
  user.call(1, 'atoma_unloadModel', { name: 'tiny' });
  t.match(await user.next(), { error: { data: { code: 'unauthorized' } } });
  const admin = await SocketClient.connect(server.url, { headers: { authorization: `Bearer ${TOKEN}` } });
  t.same(await admin.result(1, 'atoma_unloadModel', { name: 'tiny' }), {
    unloaded: [{ name: 'tiny', device: 'cpu' }],
  });
  t.match(await admin.result(2, 'atoma_loadModel', { model_type: 'owner/name', name: 'new' }), {
    models: [{ name: 'new', backend: 'llama' }],
  });
  t.equal(node.modelRequests.length, 2);
  user.socket.close();
  admin.socket.close();
});

t.test('a token is asked for before the params are looked at', async (t) => {
  const { server } = await startServer(t, {}, TOKEN);
  for (const params of [{ model_type: 1 }, { model_type: '/etc/passwd' }]) {
    t.match(await call(server.url, 'atoma_loadModel', params), { error: { data: { code: 'unauthorized' } } });
  }
});

t.test('what a client asks for reaches the node, with the defaults of the configuration', async (t) => {
  const { server, node } = await startServer(t, {}, TOKEN);
  const ask = (method: string, params: unknown) => callAs(server.url, `Bearer ${TOKEN}`, method, params);
  const defaults = {
    modelType: 'owner/name',
    devices: ['cpu'],
    name: undefined,
    precision: 'q8_0',
    revision: 'main',
    useFlashAttention: false,
    backend: 'auto',
  };
  const cases: [unknown, unknown][] = [
    [{ model_type: 'owner/name' }, defaults],
    [
      { model_type: 'owner/name', device: 0 },
      { ...defaults, devices: ['0'] },
    ],
    [
      { model_type: 'owner/name', device: [0, 1] },
      { ...defaults, devices: ['0', '1'] },
    ],
    [
      { model_type: 'owner/name', device: 'GPU-0a1b' },
      { ...defaults, devices: ['GPU-0a1b'] },
    ],
    [
      { model_type: 'owner/name', name: 'n', precision: 'f16', revision: 'dev', use_flash_attention: true },
      { ...defaults, name: 'n', precision: 'f16', revision: 'dev', useFlashAttention: true },
    ],
    [['owner/name', null, 'by-position'], { ...defaults, name: 'by-position' }],
  ];
  for (const [params, wanted] of cases) {
    t.match(await ask('atoma_loadModel', params), { result: { models: [{}], failed_models: [] } });
    t.strictSame(node.modelRequests.at(-1), wanted);
  }
  await ask('atoma_unloadModel', { name: 'n', device: 0 });
  t.strictSame(node.modelRequests.at(-1), { name: 'n', device: '0' });
  const bad: [unknown, RegExp][] = [
    [{}, /model_type/],
    [{ model_type: ' ' }, /model_type/],
    [{ model_type: 'x', device: 'gpu' }, /device.*"cpu"/],
    [{ model_type: 'x', device: [] }, /device/],
    [{ model_type: 'x', device: [0, 0] }, /all different/],
    [{ model_type: 'x', device: -1 }, /device/],
    [{ model_type: 'x', backend: 'tpu' }, /backend/],
    [{ model_type: 'x', precison: 'f16' }, /unknown param precison/],
  ];
  const before = node.modelRequests.length;
  for (const [params, message] of bad) {
    t.match(await ask('atoma_loadModel', params), { error: { code: -32602, message } });
  }
  t.equal(node.modelRequests.length, before);
});
