import t from 'tap';
import { setUp } from '../fixtures/models-cli.js';
import { runCli } from './cli.js';

t.test('what goes wrong ends with its code and without a word on stdout', async (t) => {
  const { env } = await setUp(t);
  const cases: readonly (readonly [readonly string[], number, RegExp])[] = [
    [['pull', 'stable_diffusion_xl'], 2, /image models cannot be run yet/],
    [['pull', 'o/m', '--format', 'safetensors'], 2, /wanted gguf, onnx or auto/],
    [['pull', 'o/m', '--precision', 'q4_k_m'], 2, /atoma-tiny\.F16\.gguf, atoma-tiny\.Q8_0\.gguf/],
    [['pull', 'o/gated'], 2, /licence.*o\/gated; then set api_key.*HF_TOKEN/],
    [['rm', 'o/m', '--yes'], 2, /nothing of o\/m/],
    [['pull'], 2, /missing required argument/],
  ];
  for (const [args, expected, message] of cases) {
    const { code, stdout, stderr } = await runCli(['models', ...args, '--json'], env);
    t.equal(code, expected, args.join(' '));
    t.match(stderr, message);
    t.equal(stdout, '');
  }
});

t.test('rm asks on a terminal, and needs --yes without one', async (t) => {
  const { env } = await setUp(t);
  await runCli(['models', 'pull', 'o/m'], env);
  const { code, stderr } = await runCli(['models', 'rm', 'o/m'], env);
  t.equal(code, 2);
  t.match(stderr, /--yes/);
  t.match((await runCli(['models', 'list', '--json'], env)).stdout, /o\/m/);
});
