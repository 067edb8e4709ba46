import fc from 'fast-check';
import t from 'tap';
import { bearerOf, chooseSubprotocol } from '#src/rpc/access/bearer.js';
import { isOwnHost } from '#src/rpc/access/hosts.js';
import { checkJsonDepth } from '#src/rpc/access/json-depth.js';
import { isLoopbackHost } from '#src/rpc/access/loopback.js';
import { isAllowedOrigin } from '#src/rpc/http/origin.js';

t.test('hosts of this machine', async (t) => {
  for (const host of ['localhost', 'LOCALHOST', 'a.localhost', '127.0.0.1', '127.9.9.9', '::1', '[::1]']) {
    t.ok(isLoopbackHost(host), host);
  }
  for (const host of [
    '0.0.0.0',
    '::',
    '127.0.0.1.example',
    '127.example',
    'localhost.example',
    '10.0.0.1',
    '',
  ]) {
    t.notOk(isLoopbackHost(host), host);
  }
});

t.test('names a node goes by', async (t) => {
  const local = { host: '127.0.0.1', allowedHosts: ['node.example'] };
  const everywhere = { host: '0.0.0.0', allowedHosts: [] };
  for (const header of [undefined, 'localhost:3000', '127.0.0.1', '[::1]:3000', 'Node.Example:443']) {
    t.ok(isOwnHost(header, local), `${header}`);
  }
  for (const header of [
    'evil.example',
    'evil.example:3000',
    'localhost.evil.example',
    '10.0.0.1',
    '',
    'a@localhost',
  ]) {
    t.notOk(isOwnHost(header, local), header);
  }
  for (const header of ['10.0.0.1:3000', '[2001:db8::1]:3000', 'localhost'])
    t.ok(isOwnHost(header, everywhere), header);
  for (const header of ['evil.example', 'node.example', '10.0.0.1.evil.example', '[evil]', ':3000']) {
    t.notOk(isOwnHost(header, everywhere), header);
  }
  t.ok(isOwnHost('node.lan:1', { host: 'node.lan', allowedHosts: [] }));
});

t.test('origins', async (t) => {
  const listed = ['https://app.example'];
  for (const origin of [undefined, 'http://localhost:5173', 'http://127.0.0.1', 'https://app.example']) {
    t.ok(isAllowedOrigin(origin, listed), `${origin}`);
  }
  for (const origin of [
    'null',
    'https://evil.example',
    'http://app.example',
    'https://app.example:444',
    '',
  ]) {
    t.notOk(isAllowedOrigin(origin, listed), origin);
  }
});

t.test('a secret comes in the header, or as a subprotocol that is never repeated', async (t) => {
  t.equal(bearerOf({ authorization: 'bearer  s' }), 's');
  t.equal(bearerOf({ 'sec-websocket-protocol': 'atoma, atoma.bearer.s' }), 's');
  t.equal(bearerOf({ authorization: 'Bearer a', 'sec-websocket-protocol': 'atoma.bearer.b' }), 'a');
  t.equal(bearerOf({ authorization: 'Basic s' }), undefined);
  t.equal(bearerOf({}), undefined);
  t.equal(chooseSubprotocol(new Set(['atoma.bearer.s', 'atoma'])), 'atoma');
  t.equal(chooseSubprotocol(new Set(['atoma.bearer.s'])), false);
});

function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}

t.test('JSON is as deep as it is', async (t) => {
  const passes = (text: string, limit: number): boolean => {
    try {
      checkJsonDepth(Buffer.from(text), limit);
      return true;
    } catch {
      return false;
    }
  };
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 8 }), fc.nat(10), (value, limit) => {
      return passes(JSON.stringify(value), limit) === depthOf(value) <= limit;
    }),
    { numRuns: 200 },
  );
  t.ok(passes('"[[[["', 1), 'brackets in a string are none');
  t.ok(passes('["\\"[[[", "\\\\"]', 1), 'nor behind an escaped quote');
  t.notOk(passes('["\\\\", [[', 2), 'an escaped backslash ends no escape');
  t.throws(() => checkJsonDepth(Buffer.alloc(1024 * 1024, '['), 64), { code: 'invalid_request' });
});
