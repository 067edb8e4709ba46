import { mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import t from 'tap';
import { RpcClient, type StreamFrame } from '#src/cli/rpc-client.js';
import { MODEL_DIR, modelConfig, RunningCli, runCli, tempDir } from './cli.js';

const QUESTION = '<|im_start|>user\nWhat is the capital of Peru?<|im_end|>\n<|im_start|>assistant\n';
const ANSWER = 'The capital of Peru is Lima.';

async function post(url: string, body: unknown): Promise<unknown> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return response.json();
}

t.test('without a chain it serves RPC, streams over WebSocket, and leaves on SIGTERM', async (t) => {
  const node = new RunningCli(t, ['--model-config-path', await modelConfig(t), '--json']);
  const { type, url } = await node.next();
  t.equal(type, 'listening');
  const early = await fetch(`${url}/readyz`);
  t.ok(early.status === 503 || early.status === 200);
  t.match(await node.next(), { type: 'ready', models: ['atoma-tiny'] });
  t.equal((await fetch(`${url}/readyz`)).status, 200);
  t.equal((await fetch(`${url}/healthz`)).status, 200);

  const call = {
    jsonrpc: '2.0',
    id: 1,
    method: 'atoma_generate',
    params: { model: 'atoma-tiny', prompt: QUESTION },
  };
  t.match(await post(String(url), call), {
    id: 1,
    result: { text: ANSWER, input_tokens: 17, finish_reason: 'stop' },
  });
  t.match(await post(String(url), { jsonrpc: '2.0', id: 2, method: 'atoma_nodeInfo' }), {
    result: { chain: null, devices: [{ id: 'cpu', state: 'ready', models: ['atoma-tiny'] }] },
  });
  t.match(await post(String(url), { jsonrpc: '2.0', id: 3, method: 'atoma_listModels' }), {
    result: [{ name: 'atoma-tiny', context_size: 512 }],
  });
  const tooLong = { ...call, params: { model: 'atoma-tiny', prompt: 'word '.repeat(2000) } };
  t.match(await post(String(url), tooLong), {
    error: { data: { code: 'prompt_too_long', context_size: 512 } },
  });

  const rpc = await RpcClient.connect(String(url));
  t.teardown(() => rpc.close());
  const reply = await rpc.call('atoma_generate', { model: 'atoma-tiny', prompt: QUESTION, stream: true });
  const frames: StreamFrame[] = [];
  await new Promise<void>((resolve) =>
    rpc.onFrames(String((reply as { subscription: unknown }).subscription), (frame) => {
      frames.push(frame);
      if (frame.done) resolve();
    }),
  );
  t.equal(frames.map(({ text }) => text).join(''), ANSWER);
  t.ok(frames.length > 1, 'tokens come as they are made');
  let next = 0;
  for (const frame of frames) {
    t.equal(frame.index, next);
    next += frame.tokens.length;
  }

  node.child.kill('SIGTERM');
  t.match(await node.next(), { type: 'stopped' });
  t.equal(await node.exited(), 0);
});

t.test('a socket that closes frees the sequence it used', async (t) => {
  const node = new RunningCli(t, [
    '--model-config-path',
    await modelConfig(t, 'workers = 1\nsequences = 1\n'),
    '--json',
  ]);
  const { url } = await node.next();
  await node.next();
  const leaver = await RpcClient.connect(String(url));
  const reply = await leaver.call('atoma_generate', {
    prompt: 'Once upon a time',
    temperature: 50,
    random_seed: 1,
    max_tokens: 500,
    request_id: 'leaver',
    stream: true,
  });
  await new Promise<void>((resolve) =>
    leaver.onFrames(String((reply as { subscription: unknown }).subscription), () => resolve()),
  );
  leaver.close();
  const answer = await post(String(url), {
    jsonrpc: '2.0',
    id: 1,
    method: 'atoma_generate',
    params: { prompt: QUESTION },
  });
  t.match(answer, { result: { text: ANSWER } });
  const stayer = await RpcClient.connect(String(url));
  t.teardown(() => stayer.close());
  const subscription = await stayer.call('atoma_subscribe', { request_id: 'leaver' });
  const end = await new Promise<StreamFrame>((resolve) =>
    stayer.onFrames(String(subscription), (frame) => frame.done && resolve(frame)),
  );
  t.match(end, { done: true, error: { data: { code: 'cancelled' } } });
});

t.test('bad usage and bad configuration end with 2 and say what is wrong', async (t) => {
  const help = await runCli([]);
  t.equal(help.code, 0);
  t.match(help.stdout, /demo[\s\S]*--sui-subscriber-path/);
  t.equal((await runCli(['--no-such-flag'])).code, 2);
  t.equal((await runCli(['demo', '--count', 'many'])).code, 2);
  t.equal((await runCli(['devnet', '--port', '70000'])).code, 2);

  const dir = await tempDir(t);
  const missing = await runCli(['--model-config-path', join(dir, 'none.toml')]);
  t.match(missing, { code: 2, stderr: /none\.toml/ });

  const config = join(dir, 'model.toml');
  await mkdir(join(dir, 'empty'));
  await writeFile(
    config,
    `cache_dir = "c"\nflush_storage = false\njrpc_port = 0\ntracing = false\nmodels = [["cpu", "q8_0", "./empty", "", false]]\n`,
  );
  t.match(await runCli(['--model-config-path', config]), {
    code: 2,
    stderr: /model empty: .*empty has no ONNX graph, and has no GGUF file/,
  });
});

t.test('a port that is taken is named with its config key', async (t) => {
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  t.teardown(() => taken.close());
  const address = taken.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  const dir = await tempDir(t);
  const config = join(dir, 'model.toml');
  await writeFile(
    config,
    `cache_dir = "c"\nflush_storage = false\njrpc_port = ${port}\ntracing = false\nmodels = [["cpu", "q8_0", ${JSON.stringify(MODEL_DIR)}, "", false]]\n`,
  );
  t.match(await runCli(['--model-config-path', config]), {
    code: 1,
    stderr: new RegExp(`${port}[\\s\\S]*jrpc_port`),
  });
});
