import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pino } from 'pino';
import t from 'tap';
import { loadConfig } from '#src/config/index.js';
import { COLLATERAL } from '#src/devnet/contract/registry.js';
import { Devnet } from '#src/devnet/index.js';
import { connectSui } from '#src/node/connect-sui.js';
import { runCli } from './cli.js';
import { jsonLines, writeOperatorFiles } from './operator-site.js';

const logger = pino({ level: 'silent' });

t.test('from a funded wallet into the network, and out of it again', { timeout: 100_000 }, async (t) => {
  const devnet = await Devnet.start({ checkpointMs: 50 }, { logger });
  t.teardown(() => devnet.stop());
  const account = devnet.addOperator();
  const { flags, dir, subscriberPath, clientPath } = await writeOperatorFiles(t, devnet, account);
  const keystore = await readFile(join(dir, 'sui.keystore'), 'utf8');
  const run = async (...args: string[]) => {
    const ended = await runCli([...args, ...flags]);
    const output = `${ended.stdout}${ended.stderr}`;
    t.notOk(output.includes(account.secretKey) || output.includes(keystore.slice(2, -2)), 'no key is shown');
    return ended;
  };

  const silent = await run('register', '--write');
  t.equal(silent.code, 2, 'nobody can be asked');
  t.match(silent.stderr, /needs --yes/);
  // As if it had been cut off before it could write the ids.
  const paid = await run('register', '--yes', '--json');
  t.equal(paid.code, 0, paid.stderr);
  const lines = jsonLines(paid.stdout);
  t.match(lines, [
    { type: 'preview', action: 'register', wallet: account.address, token_change: `${-COLLATERAL}` },
    { type: 'transaction', action: 'register', token_change: `${-COLLATERAL}` },
    { type: 'registered', small_id: '1', node_badge_id: /^0x[0-9a-f]{64}$/ },
  ]);
  t.match(paid.stderr, `sending transaction ${lines[1]?.['digest']}\n`);
  const found = await run('register', '--write', '--yes', '--json');
  t.equal(found.code, 0, found.stderr);
  t.match(jsonLines(found.stdout), [
    { type: 'found', small_id: '1', node_badge_id: lines[2]?.['node_badge_id'] },
    { type: 'config', file: subscriberPath, line: 4, before: null, after: '  small_id = 1' },
    { type: 'config', file: clientPath, line: 3, before: /NODE_BADGE_ID/, after: /# from register$/ },
    { type: 'config', file: clientPath, line: 6, before: null, after: 'small_id = 1' },
  ]);
  const [modelConfigPath, suiSubscriberPath, atomaSuiClientConfigPath] = [flags[1], flags[3], flags[5]];
  const { chain } = await loadConfig({ modelConfigPath, suiSubscriberPath, atomaSuiClientConfigPath });
  if (chain === undefined) throw new Error('no chain');
  // All that start and doctor check of a registration.
  await (await connectSui(chain, { logger, signal: new AbortController().signal })).close();
  const again = await run('register', '--yes', '--write');
  t.equal(again.code, 1);
  t.match(again.stderr, /^error: this node is registered: .*--again/);

  const subscribed = await run('subscribe', devnet.model, '--echelon', '0', '--yes');
  t.equal(subscribed.code, 0, subscribed.stderr);
  t.match(subscribed.stdout, /\ndone in transaction \w{40,}: gas 0\.\d+ SUI\n$/);
  const status = await run('status', '--json');
  t.equal(status.code, 0, status.stderr);
  t.match(jsonLines(status.stdout), [
    {
      type: 'status',
      wallet: account.address,
      small_id: '1',
      chain: {
        registered: true,
        disabled: false,
        token: { symbol: 'TOMA', decimals: 9 },
        withdrawable: '0',
        models: [{ model: devnet.model, subscribed: true, echelon: '0', configured: true }],
      },
      node: { process: null },
      tickets: null,
    },
  ]);
  t.equal((await run('unsubscribe', devnet.model, '--yes')).code, 0);

  const disabled = await run('disable', '--yes', '--json');
  t.equal(disabled.code, 0, disabled.stderr);
  t.match(jsonLines(disabled.stdout)[2], { type: 'destroy_possible', epoch: '2', current_epoch: '0' });
  devnet.nextEpoch();
  const early = await run('destroy', '--yes');
  t.equal(early.code, 1);
  t.match(
    early.stderr,
    /disabled in epoch 0, and can be destroyed from epoch 2 on; try again in about (59 min|1 h)/,
  );
  devnet.nextEpoch();
  const destroyed = await run('destroy', '--yes', '--json');
  t.equal(destroyed.code, 0, destroyed.stderr);
  t.match(jsonLines(destroyed.stdout)[1], { action: 'destroy', token_change: `${COLLATERAL}` });
});
