import { once } from 'node:events';
import { createServer, request as httpRequest, type IncomingMessage } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { pino } from 'pino';
import t, { type Test } from 'tap';
import { ModelStore } from '#src/models/index.js';
import { obtain, startHub, storeOf, tempCache } from '../fixtures/model-store.js';

const KEY = 'hf_of-a-member';
const OTHER_KEY = 'hf_of-somebody-else';
const ACCOUNTS = { keys: { [KEY]: 'ann', [OTHER_KEY]: 'ben' }, members: [KEY] };

t.test('the key goes to the hub and nowhere else', async (t) => {
  const hub = await startHub(t, ACCOUNTS);
  hub.add('o/m', { 'm.Q8_0.gguf': 'x' });
  const store = storeOf(t, hub, await tempCache(t), { apiKey: KEY });
  await obtain(store, 'o/m');
  const [atHub, atCdn] = ['hub', 'cdn'].map((at) => hub.requests.filter((seen) => seen.at === at));
  t.ok(atHub?.length && atHub.every(({ authorization }) => authorization === `Bearer ${KEY}`));
  t.same(
    atCdn?.map(({ authorization }) => authorization),
    [undefined],
  );
});

t.test('a gated model: where to accept the licence, and which key to set', async (t) => {
  const hub = await startHub(t, ACCOUNTS);
  hub.add('meta/gated', { 'm.Q8_0.gguf': 'secret' }, { gated: true });
  const cache = await tempCache(t);
  const licence = `${hub.url}/meta/gated`.replaceAll('.', '\\.');
  await t.rejects(obtain(storeOf(t, hub, cache), 'meta/gated'), {
    code: 'model_forbidden',
    message: new RegExp(`model mine: .*licence.*${licence}; then set api_key.*HF_TOKEN`),
  });
  await t.rejects(obtain(storeOf(t, hub, cache, { apiKey: OTHER_KEY }), 'meta/gated'), {
    code: 'model_forbidden',
    message: new RegExp(`403.*${licence}; then use a key of an account that has access`),
  });
  const { source } = await obtain(storeOf(t, hub, cache, { apiKey: KEY }), 'meta/gated');
  t.equal(source?.repo, 'meta/gated');
});

t.test('a key that the hub does not know', async (t) => {
  const hub = await startHub(t, ACCOUNTS);
  hub.add('o/m', { 'm.Q8_0.gguf': 'x' });
  const store = storeOf(t, hub, await tempCache(t), { apiKey: 'not-of-the-usual-form' });
  const { signal } = new AbortController();
  await t.rejects(store.whoAmI(signal), { code: 'model_forbidden', message: /does not accept the key/ });
  await t.rejects(obtain(store, 'o/m'), { code: 'model_forbidden' });
  const good = storeOf(t, hub, await tempCache(t), { apiKey: KEY });
  t.equal(await good.whoAmI(signal), 'ann');
});

t.test('an address that is no hub', async (t) => {
  const page = createServer((_request, response) => response.end('<html>Sign in to the network</html>'));
  page.listen(0, '127.0.0.1');
  await once(page, 'listening');
  t.teardown(() => page.close());
  const hub = await startHub(t);
  const env = { HF_ENDPOINT: `http://127.0.0.1:${(page.address() as AddressInfo).port}` };
  const store = storeOf(t, hub, await tempCache(t), { env });
  await t.rejects(obtain(store, 'o/m'), {
    code: 'hub_refused',
    message: /cannot be understood.*HF_ENDPOINT/,
  });
  const wrong = { env: { HF_ENDPOINT: 'huggingface.co' } };
  t.throws(() => storeOf(t, hub, '/nowhere', wrong), { code: 'invalid_config', message: /HF_ENDPOINT/ });
});

t.test('without a key the hub is reached all the same', async (t) => {
  const hub = await startHub(t, ACCOUNTS);
  const store = storeOf(t, hub, await tempCache(t));
  t.equal(await store.whoAmI(new AbortController().signal), undefined);
  await hub.stop();
  await t.rejects(store.whoAmI(new AbortController().signal), { code: 'hub_unreachable' });
});

t.test('a key goes unencrypted to this machine only without a warning', async (t) => {
  const warned = (endpoint: string) => {
    const lines: string[] = [];
    const logger = pino({ level: 'warn' }, { write: (line: string) => lines.push(line) });
    new ModelStore({ cacheDir: '/nowhere', apiKey: KEY, env: { HF_ENDPOINT: endpoint } }, { logger });
    t.notMatch(lines.join(), KEY);
    return lines.length > 0;
  };
  t.ok(warned('http://mirror.example'));
  t.notOk(warned('http://127.0.0.1:8080'));
  t.notOk(warned('https://mirror.example'));
});

t.test('no error and no log line holds the key', async (t) => {
  const hub = await startHub(t, ACCOUNTS);
  const store = storeOf(t, hub, await tempCache(t), { apiKey: KEY });
  const error = await obtain(store, 'o/none').catch((reason: unknown) => reason);
  t.match(error, { code: 'model_not_found', message: /no repository o\/none/ });
  t.notMatch(JSON.stringify(error, Object.getOwnPropertyNames(error)), KEY);
});

t.test('the proxy of the environment is used, and NO_PROXY kept', async (t) => {
  const hub = await startHub(t);
  hub.add('o/m', { 'm.Q8_0.gguf': 'x' });
  const proxy = await startProxy(t);
  const through = (env: Record<string, string>, cache: string) =>
    storeOf(t, hub, cache, { env: { HF_ENDPOINT: hub.url, HTTP_PROXY: proxy.url, ...env } });
  await obtain(through({ NO_PROXY: '127.0.0.1' }, await tempCache(t)), 'o/m');
  t.same(proxy.targets, []);
  await obtain(through({}, await tempCache(t)), 'o/m');
  const hosts = [hub.url, hub.cdnUrl].map((url) => new URL(url).host);
  t.same(new Set(proxy.targets), new Set(hosts), 'for the hub, and for where it sends on to');
});

t.test('what the hub says of a model', async (t) => {
  const hub = await startHub(t);
  const gguf = {
    total: 1_100_000_000,
    architecture: 'llama',
    context_length: 2048,
    chat_template: '{{ x }}',
  };
  const card = { cardData: { license: 'apache-2.0', base_model: ['a'] }, gguf };
  hub.add('o/m', { 'm.Q8_0.gguf': 'x' }, { card });
  hub.add('o/odd', { 'm.Q8_0.gguf': 'x' }, { card: { cardData: { license: ['a', 'b'] }, gguf: 'none' } });
  const store = storeOf(t, hub, await tempCache(t));
  const { signal } = new AbortController();
  const describe = (modelType: string) =>
    store.describe({ name: 'n', modelType, precision: 'q8_0', revision: 'main' }, signal);
  t.match(await describe('o/m'), {
    repo: 'o/m',
    license: 'apache-2.0',
    gated: false,
    architecture: 'llama',
    parameters: 1_100_000_000,
    contextSize: 2048,
  });
  t.match(await describe('o/odd'), { license: undefined, architecture: undefined });
});

/** A proxy for both ways that clients use one: with a tunnel, and with whole URLs. */
async function startProxy(t: Test) {
  const targets: string[] = [];
  const proxy = createServer((request: IncomingMessage, response) => {
    const target = new URL(request.url ?? '');
    targets.push(target.host);
    const { method, headers } = request;
    const onward = httpRequest(target, { method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(response);
    });
    request.pipe(onward);
  });
  proxy.on('connect', (request: IncomingMessage, client) => {
    targets.push(request.url ?? '');
    const [host, port] = (request.url ?? '').split(':');
    const upstream = connect(Number(port), host, () => client.write('HTTP/1.1 200 OK\r\n\r\n'));
    for (const socket of [client, upstream]) socket.on('error', () => socket.destroy());
    client.on('close', () => upstream.destroy());
    upstream.pipe(client);
    client.pipe(upstream);
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  t.teardown(() => {
    proxy.close();
    proxy.closeAllConnections();
  });
  return { url: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`, targets };
}
