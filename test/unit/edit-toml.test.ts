import { chmod, mkdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import TOML from '@iarna/toml';
import fc from 'fast-check';
import t from 'tap';
import { setTomlValue } from '#src/config/edit-toml.js';
import {
  loadConfig,
  loadOperatorConfig,
  loadRegisteredConfig,
  planRegistration,
  writeEdits,
} from '#src/config/index.js';
import { CLIENT, configFolder, MODEL, problemLines, SUBSCRIBER } from './config-folder.js';

const BADGE = `0x${'be'.repeat(32)}`;
const IDS = { nodeBadgeId: BADGE, smallId: 7n };

/** One entry of a table, as people write them; none is called `small_id`. */
const entry = fc
  .record({
    key: fc.stringMatching(/^[a-z]{1,6}$/).map((name) => `k_${name}`),
    value: fc.constantFrom(
      '1',
      '"small_id = 9"',
      'true',
      '[1, # small_id = 4\n 2]',
      '"""\nsmall_id = 3\n"""',
      '{ small_id = 5 }',
    ),
    before: fc.constantFrom('', '  ', '\t', '\n', '# small_id = 1\n'),
    after: fc.constantFrom('', ' # why', '   '),
  })
  .map(({ key, value, before, after }) => ({ key, text: `${before}${key} = ${value}${after}\n` }));
const entries = fc.uniqueArray(entry, { selector: ({ key }) => key, minLength: 1, maxLength: 5 });

t.test('one value changes, and every other byte stays', async (t) => {
  const present = fc.record({
    head: entries,
    old: fc.constantFrom('3', '"PUT_IT_HERE"', "'''x'''", '-12_000'),
    spaces: fc.constantFrom(['', ''], [' ', ' '], ['\t', '  ']),
    comment: fc.constantFrom('', ' # of node 3', '# "7"'),
    tail: entries,
    table: fc.boolean(),
    smallId: fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }),
  });
  fc.assert(
    fc.property(present, ({ head, old, spaces, comment, tail, table, smallId }) => {
      const title = table ? '[other]\nx = 1\n[client]\n' : '';
      const before = `${title}${head.map(({ text }) => text).join('')}small_id${spaces[0]}=${spaces[1]}`;
      const after = `${comment}\n[last]\n${tail.map(({ text }) => text).join('')}`;
      const path = table ? ['client', 'small_id'] : ['small_id'];
      const edited = setTomlValue(`${before}${old}${after}`, path, `${smallId}`);
      return edited?.source === `${before}${smallId}${after}`;
    }),
  );
  t.end();
});

t.test('a key that is missing comes after the last one of its table', async (t) => {
  fc.assert(
    fc.property(entries, entries, fc.boolean(), (head, tail, table) => {
      const own = head.map(({ text }) => text).join('');
      const title = table ? '[a]\nx = 1\n[ client ] # c\n' : '';
      const rest = `\n# about the rest\n[last]\n${tail.map(({ text }) => text).join('')}`;
      const path = table ? ['client', 'small_id'] : ['small_id'];
      const edited = setTomlValue(`${title}${own}${rest}`, path, '7')?.source ?? '';
      const [first, second] = edited.split(/^[ \t]*small_id = 7\n/m);
      const parsed: unknown = TOML.parse(edited);
      const value = Reflect.get(
        table ? Object(Reflect.get(Object(parsed), 'client')) : Object(parsed),
        'small_id',
      );
      return `${first}${second}` === `${title}${own}${rest}` && `${second}`.startsWith(rest) && value === 7;
    }),
  );
  t.equal(setTomlValue('a = 1\r\nb = 2\r\n', ['c'], '3')?.source, 'a = 1\r\nb = 2\r\nc = 3\r\n', 'line ends');
  t.equal(setTomlValue('a = 1', ['c'], '3')?.source, 'a = 1\nc = 3', 'no newline at the end');
  t.equal(setTomlValue('client = { a = 1 }\n', ['client', 'c'], '3'), undefined, 'a table within a line');
  t.equal(setTomlValue('[b]\na = 1\n', ['client', 'c'], '3'), undefined, 'no such table');
  const same = setTomlValue('c = 3 # x\n', ['c'], '3');
  t.same(same, { source: 'c = 3 # x\n', change: undefined });
  t.end();
});

t.test('a registration goes into both files, which keep all else', async (t) => {
  const { dir, write } = await configFolder(t);
  const bare = SUBSCRIBER.replace('small_id = 28972375\n', '');
  const suiSubscriberPath = await write('subscriber.toml', `\uFEFF${bare}`);
  const placeholder = CLIENT.replace(/node_badge_id = .*/, 'node_badge_id = "NODE_BADGE_ID" # mine');
  const target = await write('real.toml', placeholder.replace(/small_id = .*/, 'small_id = "<SMALL_ID>"'));
  const atomaSuiClientConfigPath = join(dir, 'client.toml');
  await symlink(target, atomaSuiClientConfigPath);
  await chmod(target, 0o640);
  const paths = { suiSubscriberPath, atomaSuiClientConfigPath };
  t.equal((await loadOperatorConfig(paths)).registration, undefined);
  const unregistered = await problemLines(loadRegisteredConfig(paths));
  t.match(unregistered.at(-1), /^the node is not registered yet: register /);
  const edits = await planRegistration(paths, IDS);
  t.same(
    edits.map(({ file, changes }) => [file, changes]),
    [
      [suiSubscriberPath, [{ line: 5, before: undefined, after: 'small_id = 7' }]],
      [
        atomaSuiClientConfigPath,
        [
          {
            line: 4,
            before: 'node_badge_id = "NODE_BADGE_ID" # mine',
            after: `node_badge_id = "${BADGE}" # mine`,
          },
          { line: 6, before: 'small_id = "<SMALL_ID>"', after: 'small_id = 7' },
        ],
      ],
    ],
  );
  await writeEdits(edits);
  t.equal((await stat(target)).mode & 0o777, 0o640, 'its mode stays, and the link leads to it');
  const text = await readFile(suiSubscriberPath, 'utf8');
  t.equal(text, `\uFEFF${bare.replace(/(package_id = .*\n)/, '$1small_id = 7\n')}`);
  const modelConfigPath = await write('model.toml', MODEL);
  const { chain } = await loadConfig({ ...paths, modelConfigPath });
  t.match(chain?.client, IDS);
  t.equal(chain?.subscriber.smallId, 7n);
  t.same(await planRegistration(paths, IDS), [], 'a second time there is nothing to change');

  const large = await planRegistration(paths, { ...IDS, smallId: 2n ** 64n - 1n });
  await writeEdits(large);
  t.equal((await loadRegisteredConfig(paths)).chain.client.smallId, 2n ** 64n - 1n, 'as a string');
  await writeFile(target, `${await readFile(target, 'utf8')}# edited meanwhile\n`);
  await t.rejects(writeEdits(large), { code: 'config_changed' });
  t.match(await readFile(target, 'utf8'), /# edited meanwhile\n$/);
});

t.test('one file holds both tables; what cannot be edited is said before anything is paid', async (t) => {
  const { dir, write } = await configFolder(t);
  const table = (name: string, text: string): string =>
    `[${name}]${text.replace('[request_timeout]', `[${name}.request_timeout]`)}`;
  const bare = CLIENT.replace(/^(node_badge_id|small_id) = .*\n/gm, '');
  const configPath = await write(
    'node.toml',
    `${table('client', bare)}${table('event_subscriber', SUBSCRIBER)}`,
  );
  await writeEdits(await planRegistration({ configPath }, IDS));
  const { chain, inference } = await loadRegisteredConfig({ configPath });
  t.match([chain.client.smallId, chain.client.nodeBadgeId, chain.subscriber.smallId], [7n, BADGE, 7n]);
  t.equal(inference, undefined, 'a model configuration is not needed');

  const inline = await write(
    'inline.toml',
    `event_subscriber = { http_url = "http://a" }\nclient = { data_dir = "x" }\n`,
  );
  await t.rejects(planRegistration({ configPath: inline }, IDS), {
    code: 'config_not_editable',
    message: /inline.toml: small_id cannot be put in .* write small_id = 7 in \[event_subscriber\] by hand/,
  });
  const wrong = await write('wrong.toml', CLIENT.replace(/node_badge_id = .*/, 'node_badge_id = 5'));
  const subscriber = await write('subscriber.toml', SUBSCRIBER);
  const lines = await problemLines(
    loadOperatorConfig({ suiSubscriberPath: subscriber, atomaSuiClientConfigPath: wrong }),
  );
  t.equal(lines.length, 2);
  t.match(lines[1], /wrong.toml:4: node_badge_id: found 5, wanted an id/);
  t.match((await problemLines(loadOperatorConfig({})))[1], /found no configuration of the chain/);
  const closed = join(dir, 'closed');
  await mkdir(closed);
  await writeFile(join(closed, 'node.toml'), await readFile(configPath, 'utf8'));
  await chmod(closed, 0o500);
  t.teardown(() => chmod(closed, 0o700));
  if (process.getuid?.() === 0) return;
  const plan = planRegistration({ configPath: join(closed, 'node.toml') }, { ...IDS, smallId: 8n });
  await t.rejects(plan, { code: 'config_unwritable' });
});
