import { spawn } from 'node:child_process';
import { once } from 'node:events';
import t from 'tap';
import { z } from 'zod';
import { cleanEnv, cliCommand, MODEL_DIR, modelConfig, runCli } from './cli.js';

const QUESTION = 'What is the capital of Peru?';
const ANSWER = 'The capital of Peru is Lima.';
/** No look at GPUs, which none of these tests is about. */
const CPU = ['--gpu', 'cpu'];

const Line = z.strictObject({
  text: z.string(),
  tokens: z.array(z.number()),
  input_tokens: z.number(),
  output_tokens: z.number(),
  backend: z.string(),
  backend_reason: z.string(),
  tokens_per_second: z.number(),
  finish_reason: z.string(),
  model: z.string(),
  device: z.string(),
  seed: z.string(),
});

async function json(...args: readonly string[]): Promise<z.infer<typeof Line>> {
  const { code, stdout, stderr } = await runCli(['generate', ...args, ...CPU, '--json']);
  if (code !== 0) throw new Error(`ended with ${code}: ${stderr}`);
  return Line.parse(JSON.parse(stdout));
}

t.test('the answer goes to stdout and nothing else does', async (t) => {
  const { code, stdout, stderr } = await runCli(['generate', MODEL_DIR, QUESTION, '--chat', ...CPU]);
  t.equal(code, 0);
  t.equal(stdout, `${ANSWER}\n`);
  t.match(stderr, /^11 tokens \(17 in, ended by stop\), [\d.]+ tokens\/s, llama on cpu: .*; seed \d+\n$/);
});

t.test('--json is one line with the facts', async (t) => {
  t.match(await json(MODEL_DIR, QUESTION, '--chat'), {
    text: ANSWER,
    input_tokens: 17,
    output_tokens: 11,
    backend: 'llama',
    model: MODEL_DIR,
    device: 'cpu',
    finish_reason: 'stop',
  });
});

t.test('without --chat the prompt runs as it is given, from stdin, too', async (t) => {
  const raw = await json(MODEL_DIR, 'Once upon a time', '--max-tokens', '8');
  t.match(raw, { input_tokens: 4, output_tokens: 8, finish_reason: 'length' });
  const piped = await withStdin('Once upon a time', [MODEL_DIR, '-', '--max-tokens', '8', '--json', ...CPU]);
  t.equal(piped.code, 0);
  t.same(Line.parse(JSON.parse(piped.stdout)).tokens, raw.tokens);
  t.match(await withStdin(Uint8Array.of(0xff, 0xfe), [MODEL_DIR, '-', ...CPU]), {
    code: 2,
    stderr: /no UTF-8/,
  });
  t.match(await withStdin('', [MODEL_DIR, '-', ...CPU]), { code: 2, stderr: /empty/ });
});

t.test('a seed gives the same answer again, and is told where none was given', async (t) => {
  const hot = [MODEL_DIR, 'Once upon a time', '--temperature', '1.5', '--max-tokens', '12'];
  const first = await json(...hot);
  const again = await json(...hot, '--seed', first.seed);
  t.same(again.tokens, first.tokens);
  const largest = '18446744073709551615';
  const other = await json(...hot, '--seed', largest);
  t.equal(other.seed, largest);
  t.notSame(other.tokens, first.tokens);
});

t.test('the sampling flags reach the model', async (t) => {
  const hot = [MODEL_DIR, 'Once upon a time', '--temperature', '5', '--max-tokens', '8', '--seed', '1'];
  const greedy = await json(MODEL_DIR, 'Once upon a time', '--max-tokens', '8');
  t.same((await json(...hot, '--top-k', '1')).tokens, greedy.tokens);
  const penalized = ['--repeat-penalty', '50', '--repeat-last-n', '64'];
  const { tokens } = await json(MODEL_DIR, 'Once upon a time', '--max-tokens', '24', ...penalized);
  t.equal(new Set(tokens).size, tokens.length);
});

t.test('a configured model by its name, flags before what the file says', async (t) => {
  const config = ['--model-config-path', await modelConfig(t)];
  t.match(await json('atoma-tiny', QUESTION, '--chat', ...config), { text: ANSWER, device: 'cpu' });
  const small = await json('atoma-tiny', 'Once upon a time', '--context-size', '16', ...config);
  t.equal(small.finish_reason, 'context');
  t.equal(small.input_tokens + small.output_tokens <= 16, true);
});

async function withStdin(
  input: string | Uint8Array,
  args: readonly string[],
): Promise<{ code: unknown; stdout: string; stderr: string }> {
  const [program = '', ...all] = cliCommand(['generate', ...args]);
  const child = spawn(program, all, { env: cleanEnv(), stdio: ['pipe', 'pipe', 'pipe'] });
  const out = { stdout: '', stderr: '' };
  child.stdout.on('data', (data) => {
    out.stdout += String(data);
  });
  child.stderr.on('data', (data) => {
    out.stderr += String(data);
  });
  child.stdin.end(input);
  const [code] = await once(child, 'close');
  return { code, ...out };
}
