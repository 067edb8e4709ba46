import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { modelConfig, runCli, tempDir } from './cli.js';
import { diagnose } from './doctor-site.js';

t.test('without a configuration it looks at the machine alone', async (t) => {
  const diagnosis = await diagnose(t, []);
  t.same(diagnosis.names('fail'), []);
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
