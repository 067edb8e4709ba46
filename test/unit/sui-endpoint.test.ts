import t from 'tap';
import { parseEndpoint } from '#src/chain/sui/endpoint.js';

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
