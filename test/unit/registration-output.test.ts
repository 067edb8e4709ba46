import { rm } from 'node:fs/promises';
import t from 'tap';
import { keepRegistration } from '#src/cli/registration-output.js';
import { CLIENT, configFolder, SUBSCRIBER } from './config-folder.js';

const BADGE = { badgeId: `0x${'be'.repeat(32)}`, smallId: 7n };

t.test('ids that were paid for are told, also where they cannot be written', async (t) => {
  const { write } = await configFolder(t);
  const suiSubscriberPath = await write('subscriber.toml', SUBSCRIBER);
  const atomaSuiClientConfigPath = await write('client.toml', CLIENT);
  const paths = { suiSubscriberPath, atomaSuiClientConfigPath };
  const stdout = t.capture(process.stdout, 'write', () => true);
  const done = await keepRegistration(paths, BADGE, false);
  // What the test itself says goes there too.
  stdout.restore();
  t.equal(done, 0);
  const shown = stdout()
    .map(({ args }) => args[0])
    .join('');
  t.match(shown, `${suiSubscriberPath}:5\n- small_id = 28972375\n+ small_id = 7\n`);
  t.match(shown, `+ node_badge_id = "${BADGE.badgeId}"\n`);

  await rm(atomaSuiClientConfigPath);
  const stderr = t.capture(process.stderr, 'write', () => true);
  t.equal(await keepRegistration(paths, BADGE, false), 1);
  const said = stderr()
    .map(({ args }) => args[0])
    .join('');
  t.match(said, /client.toml: found no such file/);
  t.match(said, `put node_badge_id = "${BADGE.badgeId}" and small_id = 7 into the files yourself`);
});
