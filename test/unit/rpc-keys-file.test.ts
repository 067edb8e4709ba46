import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import t from 'tap';
import { addKey, type KeyOrder, revokeKey } from '#src/cli/keys-edit.js';
import { type ApiKey, stateOf } from '#src/rpc/access/api-key.js';
import { formatKeys, parseKeys, readKeysFile } from '#src/rpc/access/keys-file.js';
import { SCOPES } from '#src/rpc/access/principal.js';
import { hashSecret } from '#src/rpc/access/secret.js';

const DAY_MS = 86_400_000;

async function tempFile(t: { teardown(close: () => Promise<void>): unknown }): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'atoma-keys-'));
  t.teardown(() => rm(dir, { recursive: true, force: true }));
  return join(dir, 'api-keys.json');
}

function order(name: string, more: Partial<KeyOrder> = {}): KeyOrder {
  return {
    ...{ name, scopes: ['generate'], requests_per_minute: null, tokens_per_minute: null, expires: null },
    ...more,
  };
}

const time = fc.date({ min: new Date(0), max: new Date('2100-01-01'), noInvalidDate: true });
const hex = (length: number) => fc.stringMatching(new RegExp(`^[0-9a-f]{${length}}$`));
const anyKey: fc.Arbitrary<ApiKey> = fc.record(
  {
    id: hex(12).map((digits) => `key_${digits}`),
    name: fc.stringMatching(/^[\w.@+-]{1,64}$/),
    sha256: hex(64),
    scopes: fc.uniqueArray(fc.constantFrom(...SCOPES), { minLength: 1 }),
    requests_per_minute: fc.option(fc.integer({ min: 1, max: 1_000_000_000 })),
    tokens_per_minute: fc.option(fc.integer({ min: 1, max: 1_000_000_000 })),
    created: time.map((date) => date.toISOString()),
    expires: fc.option(time.map((date) => date.toISOString())),
    revoked: fc.option(time.map((date) => date.toISOString())),
  },
  { noNullPrototype: true },
);

t.test('what is written is what is read', async (t) => {
  const keys = fc.uniqueArray(anyKey, { selector: ({ id }) => id, maxLength: 8 });
  fc.assert(
    fc.property(keys, (keys) => {
      t.strictSame(parseKeys(formatKeys(keys), 'k.json'), keys);
    }),
    { numRuns: 50 },
  );
});

t.test('a key is added without its secret, readable for its owner alone', async (t) => {
  const path = await tempFile(t);
  t.equal(await readKeysFile(path), undefined);
  const { key, secret } = await addKey(path, order('app', { requests_per_minute: 5 }));
  t.match(secret, /^atoma_sk_[\w-]{43}$/, '256 bits');
  const text = await readFile(path, 'utf8');
  t.notMatch(text, secret);
  t.notMatch(text, secret.slice('atoma_sk_'.length));
  t.equal(key.sha256, hashSecret(secret));
  t.equal((await stat(path)).mode & 0o777, 0o600);
  t.match(await readKeysFile(path), {
    keys: [{ name: 'app', requests_per_minute: 5 }],
    isReadByOthers: false,
  });
  t.notOk(
    (await readdir(join(path, '..'))).some((name) => name.endsWith('.part')),
    'no draft is left',
  );
});

t.test('keys added at the same time are all there', async (t) => {
  const path = await tempFile(t);
  const names = Array.from({ length: 12 }, (_, index) => `key-${index}`);
  const added = await Promise.all(names.map((name) => addKey(path, order(name))));
  const { keys = [] } = (await readKeysFile(path)) ?? {};
  t.strictSame(new Set(keys.map(({ name }) => name)), new Set(names));
  t.equal(new Set(added.map(({ secret }) => secret)).size, names.length);
});

t.test('a key is revoked by name or id, and its name is free again', async (t) => {
  const path = await tempFile(t);
  const { key } = await addKey(path, order('app'));
  await t.rejects(addKey(path, order('app')), { code: 'key_exists', message: /"app".*revoke/ });
  t.equal(stateOf(await revokeKey(path, 'app'), Date.now()), 'revoked');
  const again = await addKey(path, order('app'));
  t.equal((await revokeKey(path, 'app')).id, again.key.id, 'the one that stands');
  const twice = await revokeKey(path, key.id);
  t.equal(twice.revoked, (await revokeKey(path, key.id)).revoked, 'once is enough');
  await t.rejects(revokeKey(path, 'nobody'), { code: 'key_not_found', message: /keys list/ });
});

t.test('a key runs out by itself', async (t) => {
  const path = await tempFile(t);
  const now = Date.now();
  const expires = new Date(now + DAY_MS).toISOString();
  const { key } = await addKey(path, order('app', { expires }));
  t.equal(stateOf(key, now), 'active');
  t.equal(stateOf(key, now + DAY_MS - 1), 'active');
  t.equal(stateOf(key, now + DAY_MS), 'expired');
});

t.test('a broken file is told with its place', async (t) => {
  const path = await tempFile(t);
  const { key } = await addKey(path, order('app'));
  const good = formatKeys([key]);
  const broken: [string, RegExp][] = [
    [good.replace('"name":', '"name"'), /api-keys\.json:5: the keys file is broken/],
    [good.slice(0, -4), /api-keys\.json:\d+: /],
    ['', /api-keys\.json:1: /],
    ['[]', /the whole: /],
    [good.replace('"generate"', '"genarate"'), /keys\[0\]\.scopes\[0\]: /],
    [good.replace(/"sha256": "../, '"sha256": "'), /keys\[0\]\.sha256: /],
    [good.replace('"app"', '"a b"'), /keys\[0\]\.name: wanted 1 to 64/],
    [good.replace('"expires": null', '"expires": "tomorrow"'), /keys\[0\]\.expires: /],
    [good.replace('"revoked": null', '"revoked": null, "secret": "x"'), /keys\[0\]: .*secret/],
    [formatKeys([key, { ...key, name: 'other' }]), /keys\[1\]\.id: stands twice.*keys\[1\]\.sha256/],
  ];
  for (const [text, message] of broken) {
    await writeFile(path, text);
    await t.rejects(readKeysFile(path), { code: 'keys_file_invalid', message });
    await t.rejects(addKey(path, order('other')), { code: 'keys_file_invalid' }, 'and is not written over');
    t.equal(await readFile(path, 'utf8'), text);
  }
});

t.test('a file that others can write is refused, one that they can read is told', async (t) => {
  const path = await tempFile(t);
  await addKey(path, order('app'));
  await chmod(path, 0o644);
  t.match(await readKeysFile(path), { isReadByOthers: true });
  for (const mode of [0o620, 0o602, 0o666]) {
    await chmod(path, mode);
    await t.rejects(readKeysFile(path), { code: 'keys_file_exposed', message: /chmod 600/ });
  }
  const dir = join(path, '..');
  await t.rejects(readKeysFile(dir), { code: 'keys_file_unreadable', message: new RegExp(dir) });
});
