import { createHash } from 'node:crypto';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { blake2b } from '@noble/hashes/blake2.js';
import fc from 'fast-check';
import t from 'tap';
import { DigestRecord } from '#src/workers/profile/digest-record.js';
import { digestOf } from '#src/workers/profile/file-digest.js';
import { numericProfile } from '#src/workers/profile/numeric-profile.js';
import { digestWeights } from '#src/workers/profile/weights-digest.js';
import { PROFILE } from '../fixtures/profile.js';
import { TINY_F16, TINY_FOLDER, TINY_ONNX } from '../fixtures/tiny-weights.js';

const sha256 = (bytes: string | Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

t.test('the id is blake2b-256 of the other fields, whatever their order', async (t) => {
  const { id: _, ...facts } = PROFILE;
  const canonical = JSON.stringify(facts, Object.keys(facts).sort());
  t.equal(
    numericProfile(facts).id,
    Buffer.from(blake2b(Buffer.from(canonical), { dkLen: 32 })).toString('hex'),
  );
  fc.assert(
    fc.property(
      fc.shuffledSubarray(Object.entries(facts), { minLength: Object.keys(facts).length }),
      (entries) => {
        const shuffled: typeof facts = { ...facts, ...Object.fromEntries(entries) };
        return (
          numericProfile(Object.assign(Object.fromEntries(entries), shuffled)).id === numericProfile(facts).id
        );
      },
    ),
  );
  const ids = [facts, { ...facts, threads: 2 }, { ...facts, verdict: 'exclusive' as const }].map(
    (each) => numericProfile(each).id,
  );
  t.equal(new Set(ids).size, 3, 'other facts, another id');
});

t.test('a single file of weights has the digest that sha256sum gives it', async (t) => {
  const sums = await readFile(join(TINY_FOLDER, 'SHA256SUMS'), 'utf8');
  t.ok(sums.includes(`${await digestWeights(TINY_F16)}  atoma-tiny.F16.gguf`));
});

t.test('several files have the digest of their digests, in order', async (t) => {
  const folder = t.testdir({ 'm-00001-of-00002.gguf': 'one', 'm-00002-of-00002.gguf': 'two' });
  const file = join(folder, 'm-00001-of-00002.gguf');
  const both = sha256(Buffer.from(sha256('one') + sha256('two'), 'hex'));
  t.equal(await digestWeights({ format: 'gguf', file, bytes: 6 }), both);
  const settings = ['config.json', 'generation_config.json', 'tokenizer.json', 'tokenizer_config.json'];
  const parts = ['onnx/model.onnx', ...settings].map(async (name) =>
    sha256(await readFile(join(TINY_FOLDER, name))),
  );
  const all = sha256(Buffer.from((await Promise.all(parts)).join(''), 'hex'));
  t.equal(await digestWeights(TINY_ONNX), all);
});

t.test('what a large file hashed to is known until the file changes', async (t) => {
  const folder = t.testdir({ weights: 'bytes', 'not-json': '{' });
  const file = join(folder, 'weights');
  const record = new DigestRecord(join(folder, 'cache', 'record.json'));
  const about = await stat(file);
  t.equal(await record.read(file, about), undefined);
  await record.write(file, about, sha256('bytes'));
  await record.write(join(folder, 'other'), about, sha256('other'));
  t.equal(await record.read(file, about), sha256('bytes'));
  t.equal((await stat(join(folder, 'cache', 'record.json'))).mode & 0o077, 0, 'for this user alone');
  await writeFile(file, 'other bytes');
  t.equal(await record.read(file, await stat(file)), undefined);
  t.equal(await digestOf(file, record), sha256('other bytes'), 'a small one is hashed each time');
  t.equal(await new DigestRecord(join(folder, 'not-json')).read(file, about), undefined);
  await mkdir(join(folder, 'taken'));
  await new DigestRecord(join(folder, 'taken')).write(file, about, sha256('x'));
  t.pass('where it cannot be written, nothing happens');
});
