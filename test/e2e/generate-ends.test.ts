import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import t, { type Test } from 'tap';
import { gone, isAlive } from '../fixtures/tiny-device.js';
import { cleanEnv, cliCommand, MODEL_DIR, runCli, tempDir } from './cli.js';
import { CPU } from './generate-json.js';

t.test('what the caller has to put right ends with 2', async (t) => {
  const dir = await tempDir(t);
  const broken = join(dir, 'broken.gguf');
  await writeFile(broken, '<html>not found</html>');
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [[MODEL_DIR], /missing required argument 'prompt'/],
    [[MODEL_DIR, ''], /prompt.*empty/],
    [[MODEL_DIR, 'x', '--temperature', 'hot'], /--temperature is "hot", wanted a number/],
    [[MODEL_DIR, 'x', '--temperature', '-1'], /temperature is -1/],
    [[MODEL_DIR, 'x', '--top-p', '1.5'], /top_p is 1.5/],
    [[MODEL_DIR, 'x', '--seed', '18446744073709551616'], /--seed/],
    [[MODEL_DIR, 'x', '--backend', 'torch'], /Allowed choices are auto, llama, onnx, wasm/],
    [[MODEL_DIR, 'x', '--precision', 'q2_k'], /q2_k.*F16/],
    [[MODEL_DIR, 'word '.repeat(2000)], /context/],
    [['no_such_model', 'x'], /no short name/],
    [[join(dir, 'none.gguf'), 'x'], /there is no file or folder/],
    [['stable_diffusion_v1-5', 'x'], /image/],
  ];
  for (const [args, said] of cases) {
    const { code, stdout, stderr } = await runCli(['generate', ...args, ...CPU]);
    t.equal(code, 2, `${args.join(' ').slice(0, 60)}: ${stderr}`);
    t.match(stderr, said);
    t.equal(stdout, '');
  }
  t.match(await runCli(['generate', broken, 'x', ...CPU]), { code: 1, stdout: '', stderr: /broken\.gguf/ });
  t.match(await runCli(['generate', '--help']), { code: 0, stdout: /Examples:/ });
});

/** Nearly uniform choices with a seed under which no end token comes up for long. */
const ENDLESS = ['--max-tokens', '100000', '--context-size', '100000', '--temperature', '50', '--seed', '1'];
const LINUX_ONLY = { skip: process.platform !== 'linux' && 'needs /proc' };

t.test('Ctrl-C ends it at once, its device process too', LINUX_ONLY, async (t) => {
  const run = new Run(t, [MODEL_DIR, 'Once upon a time', ...ENDLESS, ...CPU]);
  await run.firstText;
  const device = await run.device();
  t.equal(await isAlive(device), true);
  run.child.kill('SIGINT');
  t.same(await run.ended, [130, null]);
  await gone(device);
  t.equal(run.stderr, '', 'it says nothing about it');
});

t.test('a device process that dies is told, and ends it with 1', LINUX_ONLY, async (t) => {
  const run = new Run(t, [MODEL_DIR, 'Once upon a time', ...ENDLESS, ...CPU]);
  await run.firstText;
  process.kill(await run.device(), 'SIGKILL');
  t.same(await run.ended, [1, null]);
  t.match(run.stderr, /error: the process of device cpu was killed by SIGKILL/);
});

t.test('a reader that leaves ends it', async (t) => {
  const run = new Run(t, [MODEL_DIR, 'Once upon a time', ...ENDLESS, ...CPU]);
  await run.firstText;
  run.child.stdout.destroy();
  t.same(await run.ended, [130, null]);
});

/** A `generate` that goes on running; killed when the test ends. */
class Run {
  readonly child: ChildProcessByStdio<null, Readable, Readable>;
  readonly firstText: Promise<unknown>;
  readonly ended: Promise<unknown[]>;
  stderr = '';

  constructor(t: Test, args: readonly string[]) {
    const [program = '', ...all] = cliCommand(['generate', ...args]);
    this.child = spawn(program, all, { env: cleanEnv(), stdio: ['ignore', 'pipe', 'pipe'] });
    this.ended = once(this.child, 'exit');
    this.firstText = once(this.child.stdout, 'data');
    this.child.stderr.on('data', (data) => {
      this.stderr += String(data);
    });
    t.teardown(() => this.child.kill('SIGKILL'));
  }

  /** The pid of its device process. */
  async device(): Promise<number> {
    const { pid } = this.child;
    const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
    return Number(children.trim().split(' ').at(-1));
  }
}
