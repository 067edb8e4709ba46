import t from 'tap';
import { openEndpoint, parseEndpoint } from '#src/chain/sui/endpoint.js';
import { ScriptedNode } from '../fixtures/scripted-node.js';

t.test('a URL becomes host and port, with the scheme saying whether TLS is used', async (t) => {
  const cases: readonly (readonly [string, string, boolean])[] = [
    ['https://fullnode.testnet.sui.io', 'fullnode.testnet.sui.io:443', true],
    ['https://fullnode.testnet.sui.io:443', 'fullnode.testnet.sui.io:443', true],
    ['https://node.example:9000/', 'node.example:9000', true],
    ['http://127.0.0.1:9000', '127.0.0.1:9000', false],
    ['http://localhost', 'localhost:80', false],
    ['http://[::1]:9000', '[::1]:9000', false],
  ];
  for (const [url, target, secure] of cases) t.match(parseEndpoint(url), { target, secure });
});

t.test('credentials are taken from the URL or beside it, and never shown', async (t) => {
  const address = parseEndpoint('https://user:p%40ss@node.example');
  t.equal(address.basicAuth, 'user:p@ss');
  t.equal(address.url, 'https://node.example:443');
  t.equal(parseEndpoint('https://user:pass@node.example', 'other:secret').basicAuth, 'other:secret');
  t.equal(parseEndpoint('https://node.example').basicAuth, undefined);
});

t.test('what is no endpoint is refused with the reason, without its credentials', async (t) => {
  for (const url of [
    '',
    'node.example:443',
    'ws://node.example',
    'https://node.example/v1',
    'http://x/?a=b',
  ]) {
    t.throws(() => parseEndpoint(url), { code: 'invalid_endpoint' }, JSON.stringify(url));
  }
  for (const url of ['ftp://user:hunter2@node.example', 'https://user:hunter2@node.example/path']) {
    try {
      parseEndpoint(url);
      t.fail('was accepted');
    } catch (error) {
      t.notMatch(String(error), /hunter2/);
    }
  }
});

t.test('every call carries the credentials', async (t) => {
  const node = await new ScriptedNode({
    subscribeEvents: (call) => {
      const watermark = { cursor: Buffer.from(call.metadata.get('authorization').join()) };
      call.write({ watermark });
    },
  }).start();
  t.teardown(() => node.stop());
  const endpoint = openEndpoint({ url: node.url, basicAuth: 'user:pässword', callTimeoutMs: 1_000 });
  t.teardown(() => endpoint.close());
  const stop = new AbortController();
  const call = endpoint.client.subscriptionService.subscribeEvents({}, { abort: stop.signal });
  for await (const frame of call.responses) {
    const header = Buffer.from(frame.watermark?.cursor ?? []).toString();
    t.equal(header, `Basic ${Buffer.from('user:pässword').toString('base64')}`);
    break;
  }
  stop.abort();
});

t.test('a call without an answer ends, and its connection is not used again', async (t) => {
  let calls = 0;
  const node = await new ScriptedNode({
    getServiceInfo: () => (++calls === 1 ? new Promise<never>(() => undefined) : { chainId: 'back' }),
  }).start();
  t.teardown(() => node.stop());
  const endpoint = openEndpoint({ url: node.url, callTimeoutMs: 100 });
  t.teardown(() => endpoint.close());
  const stale = endpoint.client;
  await t.rejects(stale.ledgerService.getServiceInfo({}).response, { code: 'DEADLINE_EXCEEDED' });
  t.not(endpoint.client, stale);
  t.match(await endpoint.client.ledgerService.getServiceInfo({}).response, { chainId: 'back' });
});
