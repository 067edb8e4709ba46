import { appendFile, chmod, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { RunningCli } from './cli.js';
import { diagnose, Site } from './doctor-site.js';

const SECRETS = ['hf_my_own_key', 'an-admin-token-that-nobody-sees'];

t.test('everything that is wrong on this machine is told at once', async (t) => {
  const site = await Site.start(t);
  const { modelConfigPath: models, atomaSuiClientConfigPath: client } = site.files;
  const keystore = join(site.dir, 'sui.keystore');
  await chmod(keystore, 0o644);
  const port = await takenPort(t);
  await site.edit(models, /jrpc_port = .*/, `jrpc_port = ${port}`);
  // A file where a folder is wanted: for root, too, it cannot be written into.
  await site.edit(models, 'cache_dir = "cache"', 'cache_dir = "model.toml/cache"');
  await site.edit(client, 'data_dir = "data"', 'data_dir = "model.toml"');
  await writeFile(models, `api_key = "${SECRETS[0]}"\n${await readFile(models, 'utf8')}`);
  await appendFile(models, `[rpc]\nadmin_token = "${SECRETS[1]}"\n`);
  await chmod(models, 0o640);
  const diagnosis = await diagnose(t, site.flags, { secrets: [site.node.secretKey, ...SECRETS] });
  t.same(diagnosis.names('fail'), ['data_dir', 'jrpc_port']);
  const toFolder = (key: string): object => ({
    found: /cannot be written/,
    remedy: `set ${key} to a folder that this user may write`,
  });
  t.match(diagnosis.get('cache_dir'), { status: 'warn', ...toFolder('cache_dir') });
  t.match(diagnosis.get('data_dir'), toFolder('data_dir'));
  t.match(diagnosis.get('jrpc_port'), {
    found: new RegExp(`${port} is in use`),
    remedy: /set jrpc_port to a free port/,
  });
  t.match(diagnosis.get('keystore'), {
    status: 'warn',
    found: /mode 644/,
    remedy: `run \`chmod 600 ${keystore}\``,
  });
  t.match(diagnosis.get('secrets'), {
    status: 'warn',
    found: /mode 640\) holds api_key and admin_token/,
    remedy: `run \`chmod 600 ${models}\``,
  });
});

t.test('a wallet that is not there, and secrets that are safe', async (t) => {
  const site = await Site.start(t);
  const { modelConfigPath: models, clientYamlPath } = site.files;
  await writeFile(models, `api_key = "${SECRETS[0]}"\n${await readFile(models, 'utf8')}`);
  await chmod(models, 0o600);
  await rm(clientYamlPath);
  const diagnosis = await diagnose(t, site.flags, { secrets: SECRETS });
  t.match(diagnosis.get('secrets'), { status: 'ok', found: /for their owner alone/ });
  t.match(diagnosis.get('address'), { status: 'fail', found: /client\.yaml/, remedy: /config_path/ });
  t.same(diagnosis.names('skip'), ['keystore', 'badge', 'gas']);
});

t.test('beside a node that runs, and after the chain has thrown away what it was to read', async (t) => {
  const site = await Site.start(t);
  const node = new RunningCli(t, [...site.flags, '--json']);
  const { url } = await node.next();
  t.match(await node.next(), { type: 'ready' });
  await site.edit(site.files.modelConfigPath, /jrpc_port = .*/, `jrpc_port = ${new URL(String(url)).port}`);
  const beside = await site.diagnose(t);
  t.same(beside.names('fail'), []);
  const runs = new RegExp(`process ${node.child.pid}`);
  t.match(beside.get('journal'), { status: 'warn', found: runs });
  t.match(beside.get('jrpc_port'), { status: 'warn', found: runs });
  t.match(beside.get('history'), { status: 'ok', found: /has read up to checkpoint \d+/ });

  node.child.kill('SIGKILL');
  await node.exited();
  for (let made = 0; made < 3; made++) site.chain.prune();
  const after = await site.diagnose(t);
  t.equal(after.get('journal').status, 'ok');
  t.match(after.get('history'), {
    status: 'fail',
    found: /checkpoints are missing/,
    remedy: /longer history.*--accept-gap/,
  });
});

async function takenPort(t: Test): Promise<number | undefined> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  const address = server.address();
  return typeof address === 'object' ? address?.port : undefined;
}
