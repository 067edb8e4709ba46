import { join } from 'node:path';
import { DatabaseSync } from '@photostructure/sqlite';
import { pino } from 'pino';
import t, { type Test } from 'tap';
import type { ModelInfo, NumericProfile } from '#src/core/index.js';
import { ProfileWatch } from '#src/node/profile-watch.js';
import { Journal } from '#src/tickets/index.js';
import { MIGRATIONS } from '#src/tickets/migrations.js';
import { tempDir } from '../e2e/cli.js';
import { modelInfo } from '../e2e/rpc-fake-node.js';

async function openJournal(t: Test): Promise<Journal> {
  let now = 1000;
  const path = join(await tempDir(t), 'journal.sqlite');
  const journal = Journal.open({ path, badge: '0xb' }, { now: () => now++ });
  t.teardown(() => journal.close());
  return journal;
}

function loaded(name: string, change: Partial<NumericProfile> = {}, device = 'cpu'): ModelInfo {
  const info = modelInfo(name);
  return { ...info, device, profile: { ...info.profile, ...change } };
}

t.test('a profile that has changed since the last start is told of, field by field', async (t) => {
  const journal = await openJournal(t);
  const warnings: Record<string, unknown>[] = [];
  const logger = pino(
    { level: 'warn', base: null },
    { write: (line) => void warnings.push(JSON.parse(line)) },
  );
  const start = (...models: readonly ModelInfo[]): readonly Record<string, unknown>[] => {
    warnings.length = 0;
    const watch = new ProfileWatch({ journal, logger });
    watch.note(models);
    watch.note(models);
    return [...warnings];
  };
  t.same(start(loaded('a'), loaded('b')), [], 'nothing to compare with');
  t.same(start(loaded('a'), loaded('b')), [], 'nothing has changed');
  const [warning, ...others] = start(
    loaded('a', { id: 'new', threads: 7, flashAttention: true }),
    loaded('b'),
  );
  t.same(others, []);
  t.match(warning, {
    model: 'a',
    device: 'cpu',
    is: 'new',
    changed: [
      { field: 'threads', is: '7' },
      { field: 'flash_attention', was: 'false', is: 'true' },
    ],
    msg: /^the numeric profile of a on cpu has changed.*threads was \d+ and is 7; flash_attention was false and is true\. .*the other nodes of the echelon must change the same way/,
  });
  t.same(start(loaded('a', { id: 'new', threads: 7 }, '1')), [], 'another device has its own');
  t.match(start(loaded('a')), [{ was: 'new' }], 'back is a change, too');
  t.same(
    journal.lastProfiles().map(({ model, device, profile }) => [model, device, profile.id === 'new']),
    [
      ['a', '1', true],
      ['a', 'cpu', false],
      ['b', 'cpu', false],
    ],
  );
  const [kept] = journal.lastProfiles();
  t.ok(kept !== undefined && kept.firstSeenAtMs <= kept.lastSeenAtMs);
});

t.test('a commitment keeps the id of its profile; one of an older journal has none', async (t) => {
  const path = join(await tempDir(t), 'journal.sqlite');
  const old = new DatabaseSync(path);
  for (const sql of MIGRATIONS.slice(0, 2)) old.exec(sql);
  old.exec("PRAGMA user_version = 2; INSERT INTO identity VALUES ('badge', '0xb')");
  old.exec("INSERT INTO commitments VALUES ('old', zeroblob(32), zeroblob(32), '1', '1', 5)");
  old.close();
  const journal = Journal.open({ path, badge: '0xb' });
  t.teardown(() => journal.close());
  const zeros = new Uint8Array(32);
  const commitment = { ticketId: 'new', root: zeros, leaf: zeros, inputTokens: 1n, outputTokens: 1n };
  journal.bind(commitment, 'p');
  t.equal(journal.commitmentProfile('new'), 'p');
  t.equal(journal.commitmentProfile('old'), undefined);
  t.equal(journal.commitmentProfile('none'), undefined);
  t.strictSame(journal.commitment('old'), { ...commitment, ticketId: 'old' });
  const { profile } = modelInfo('a');
  journal.keepProfile(profile, 'a', 'cpu');
  t.strictSame(journal.profile(profile.id), profile);
  t.equal(journal.profile('unheard of'), undefined);
});
