import { chmod, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import t from 'tap';
import { modelConfig, RunningCli, runCli, tempDir } from './cli.js';
import { diagnose, Site } from './doctor-site.js';

t.test('without a configuration it looks at the machine alone', async (t) => {
  const diagnosis = await diagnose(t, []);
  t.equal(diagnosis.code, 0);
  t.same([...new Set(diagnosis.checks.map(({ area }) => area))], ['machine']);
  t.match(diagnosis.get('node'), { found: new RegExp(process.versions.node) });
});

t.test('a page for people, without colours where it is no terminal', async (t) => {
  const { code, stdout, stderr } = await runCli(['doctor', '--model-config-path', await modelConfig(t)]);
  t.equal(code, 0);
  t.equal(stderr, '');
  t.match(stdout, /^machine\n/);
  t.match(stdout, /✓ jrpc_port +127\.0\.0\.1, on any free port/);
  t.match(stdout, /- endpoint +no chain is configured/);
  t.match(stdout, /\d+ checks: \d+ ok/);
  t.notOk(stdout.includes('\u001b'));
});

t.test('bad usage and a bad configuration end with 2', async (t) => {
  t.match(await runCli(['doctor', '--no-such-flag']), { code: 2 });
  const missing = join(await tempDir(t), 'none.toml');
  t.match(await runCli(['doctor', '--config-path', missing]), { code: 2, stdout: '', stderr: /none\.toml/ });
  const config = await modelConfig(t);
  await writeFile(config, 'api_key = "hf_secret_of_mine"\ncache_dir = 7\n');
  const bad = await runCli(['doctor', '--json', '--model-config-path', config]);
  t.match(bad, { code: 2, stdout: '', stderr: /cache_dir/ });
  t.notMatch(bad.stderr, /hf_secret/);
  t.match(await runCli(['doctor', '--help']), { code: 0, stdout: /Examples:[\s\S]*Exit codes/ });
});

t.test('a wallet that others may read, and one that is not there', async (t) => {
  const site = await Site.start(t);
  const keystore = join(site.dir, 'sui.keystore');
  await chmod(keystore, 0o644);
  const open = await site.diagnose(t);
  t.equal(open.code, 0);
  t.match(open.get('keystore'), {
    status: 'warn',
    found: /mode 644/,
    remedy: `run \`chmod 600 ${keystore}\``,
  });

  await rm(site.files.clientYamlPath);
  const gone = await site.diagnose(t);
  t.match(gone.get('address'), { status: 'fail', found: /client\.yaml/, remedy: /config_path/ });
  t.same(gone.names('skip'), ['keystore', 'badge', 'gas']);
});

t.test('a port that another process has', async (t) => {
  const site = await Site.start(t);
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  await site.edit(site.files.modelConfigPath, /jrpc_port = .*/, `jrpc_port = ${port}`);
  const diagnosis = await site.diagnose(t);
  t.equal(diagnosis.code, 1);
  t.match(diagnosis.get('jrpc_port'), {
    status: 'fail',
    found: new RegExp(`${port} is in use`),
    remedy: /set jrpc_port to a free port/,
  });
});

t.test('folders that cannot be written', async (t) => {
  const site = await Site.start(t);
  // A file where a folder is wanted: for root, too, it cannot be written into.
  await site.edit(site.files.modelConfigPath, 'cache_dir = "cache"', 'cache_dir = "model.toml/cache"');
  await site.edit(site.files.atomaSuiClientConfigPath, 'data_dir = "data"', 'data_dir = "model.toml"');
  const diagnosis = await site.diagnose(t);
  t.equal(diagnosis.code, 1);
  const remedy = (key: string): RegExp => new RegExp(`set ${key} to a folder`);
  t.match(diagnosis.get('cache_dir'), {
    status: 'warn',
    found: /cannot be written/,
    remedy: remedy('cache_dir'),
  });
  t.match(diagnosis.get('data_dir'), {
    status: 'fail',
    found: /cannot be written/,
    remedy: remedy('data_dir'),
  });
});

t.test('files with secrets that others may read', async (t) => {
  const config = await modelConfig(t);
  const secrets = ['hf_my_own_key', 'an-admin-token-that-nobody-sees'];
  const text = await readFile(config, 'utf8');
  await writeFile(config, `api_key = "${secrets[0]}"\n${text}[rpc]\nadmin_token = "${secrets[1]}"\n`);
  await chmod(config, 0o640);
  const open = await diagnose(t, ['--model-config-path', config], { secrets });
  t.match(open.get('secrets'), {
    status: 'warn',
    found: /mode 640\) holds api_key and admin_token/,
    remedy: `run \`chmod 600 ${config}\``,
  });
  await chmod(config, 0o600);
  const closed = await diagnose(t, ['--model-config-path', config], { secrets });
  t.equal(closed.get('secrets').status, 'ok');
});

t.test('beside a node that runs, and after the chain has thrown away what it was to read', async (t) => {
  const site = await Site.start(t);
  const node = new RunningCli(t, [...site.flags, '--json']);
  const { url } = await node.next();
  t.match(await node.next(), { type: 'ready' });
  await site.edit(site.files.modelConfigPath, /jrpc_port = .*/, `jrpc_port = ${new URL(String(url)).port}`);
  const beside = await site.diagnose(t);
  t.equal(beside.code, 0);
  const runs = new RegExp(`process ${node.child.pid}`);
  t.match(beside.get('journal'), { status: 'warn', found: runs });
  t.match(beside.get('jrpc_port'), { status: 'warn', found: runs });
  t.match(beside.get('history'), { status: 'ok', found: /has read up to checkpoint \d+/ });

  node.child.kill('SIGKILL');
  await node.exited();
  for (let made = 0; made < 3; made++) site.chain.prune();
  const after = await site.diagnose(t);
  t.equal(after.code, 1);
  t.equal(after.get('journal').status, 'ok');
  t.match(after.get('history'), {
    status: 'fail',
    found: /checkpoints are missing/,
    remedy: /longer history.*--accept-gap/,
  });
});
