import { readdir } from 'node:fs/promises';
import t from 'tap';
import { modelConfig, RunningCli, runCli, tempDir } from './cli.js';

t.test('Ctrl-C ends it, with its processes and files', async (t) => {
  const TMPDIR = await tempDir(t);
  const args = ['--model-config-path', await modelConfig(t), '--prompts', '1000', '--json'];
  const running = new RunningCli(t, ['rehearse', ...args], { TMPDIR });
  while ((await running.next())['type'] !== 'committed');
  running.child.kill('SIGINT');
  t.equal(await running.exited(), 130, running.stderr);
  t.strictSame(await readdir(TMPDIR), [], 'the temporary folder is gone');
});

t.test('a model that the configuration does not have is said before anything starts', async (t) => {
  const args = ['--model-config-path', await modelConfig(t), '--model', 'other'];
  const { code, stderr } = await runCli(['rehearse', ...args]);
  t.equal(code, 2);
  t.match(stderr, /--model is "other", and the configuration has atoma-tiny/);
});
