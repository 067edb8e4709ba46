import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { cleanEnv, cliCommand, runCli, tempDir } from './cli.js';

/** The contract's own vector. */
const TEXT = 'hello world';
const ROOT = '815448441fafe86866ca32713f34ae6add4730fd362b8caa669d7e096154e0a0';
const LEAF = '2d5438f1881b616c824252c8b7a08debb70a4b764deeeac5bc6be4565dd4125f';

t.test('hashes alone: a text of a file or of stdin against root and leaf', async (t) => {
  const file = join(await tempDir(t), 'answer.txt');
  await writeFile(file, TEXT);
  const args = ['verify', '--index', '2', '--chunks', '3', '--text'];
  const other = '0'.repeat(64);
  const [equal, piped, wrongRoot, wrongLeaf, usage, missing] = await Promise.all([
    runCli([...args, file, '--root', ROOT, '--leaf', `0x${LEAF.toUpperCase()}`]),
    withStdin(TEXT, [...args, '-', '--root', ROOT]),
    runCli([...args, file, '--root', other]),
    runCli([...args, file, '--root', ROOT, '--leaf', other, '--json']),
    runCli([...args, file, '--root', ROOT, '--index', '3']),
    runCli([...args, join(file, 'none'), '--root', ROOT]),
  ]);
  const said = `equal: 11 bytes of text, leaf 2 of 3\nroot  ${ROOT}\nleaf  ${LEAF}\n`;
  t.match(equal, { code: 0, stdout: said, stderr: '' });
  t.match(piped, { code: 0, stdout: said });
  t.match(wrongRoot, {
    code: 1,
    stdout: `differs: 11 bytes of text, leaf 2 of 3\nroot  ${ROOT}  and not ${other}\nleaf  ${LEAF}\n`,
  });
  t.equal(wrongLeaf.code, 1);
  t.same(JSON.parse(wrongLeaf.stdout), {
    type: 'hashes',
    verdict: 'differs',
    ...{ root: ROOT, leaf: LEAF, given_root: ROOT, given_leaf: other, leaf_index: '2', chunks_count: '3' },
  });
  t.match(usage, { code: 2, stderr: /--index is 3, wanted 0 to 2, since --chunks is 3/ });
  t.match(missing, { code: 2, stderr: /--text .*none cannot be read/ });
});

async function withStdin(input: string, args: readonly string[]): Promise<{ code: unknown; stdout: string }> {
  const [program, ...all] = cliCommand(args);
  const child = spawn(program, all, { env: cleanEnv(), stdio: ['pipe', 'pipe', 'inherit'] });
  let stdout = '';
  child.stdout.on('data', (data) => {
    stdout += String(data);
  });
  child.stdin.end(input);
  const [code] = await once(child, 'close');
  return { code, stdout };
}
