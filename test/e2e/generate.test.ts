import { spawn } from 'node:child_process';
import { once } from 'node:events';
import t from 'tap';
import { DEMO_REPO, demoFiles, startHub } from '../fixtures/model-store.js';
import { cleanEnv, cliCommand, MODEL_DIR, runCli, tempDir } from './cli.js';
import { CPU, json, Line } from './generate-json.js';

const QUESTION = 'What is the capital of Peru?';
const ANSWER = 'The capital of Peru is Lima.';

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

for (const backend of ['onnx', 'wasm']) {
  t.test(`${backend} answers alike`, async (t) => {
    const weights = ['--backend', backend, '--precision', 'f32'];
    const answer = await json(MODEL_DIR, QUESTION, '--chat', ...weights);
    t.match(answer, { text: ANSWER, input_tokens: 17, output_tokens: 11, backend });
  });
}

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

t.test('weights of a hub are downloaded once', async (t) => {
  const hub = await startHub(t);
  hub.add(DEMO_REPO, await demoFiles());
  const env = { HF_ENDPOINT: hub.url, HF_HUB_CACHE: await tempDir(t), NO_PROXY: '*' };
  const args = ['generate', DEMO_REPO, QUESTION, '--chat', ...CPU];
  t.match(await runCli(args, env), { code: 0, stdout: `${ANSWER}\n` });
  await hub.stop();
  t.match(await runCli(args, env), { code: 0, stdout: `${ANSWER}\n` });
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
