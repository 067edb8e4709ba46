import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { RpcClient, type StreamFrame } from '#src/cli/rpc-client.js';
import { FIRST_UUID, fakeNvidiaSmi, printing, SECOND_UUID, TWO_GPUS } from '../fixtures/fake-nvidia-smi.js';
import { MODEL_DIR, modelConfig, RunningCli, runCli, tempDir } from './cli.js';

/** A configuration of the demo model on devices, one sequence on each. */
async function configFor(t: Test, devices: string): Promise<string> {
  const file = join(await tempDir(t), 'model.toml');
  const model = JSON.stringify(join(MODEL_DIR, 'atoma-tiny.Q8_0.gguf'));
  await writeFile(
    file,
    `cache_dir = "cache"\njrpc_port = 0\n[[models]]\nname = "tiny"\ndevice = ${devices}\nprecision = "q8_0"\nmodel_type = ${model}\n[pool]\nworkers = 1\nsequences = 1\n[scheduler]\nmax_request_wait_ms = 60000\n`,
  );
  return file;
}

/** A machine whose driver lists two cards, which no build of llama.cpp can use. */
async function twoCards(t: Test): Promise<NodeJS.ProcessEnv> {
  return { PATH: await fakeNvidiaSmi(await tempDir(t), printing(TWO_GPUS)) };
}

/** The environment of each device process of a node, by the card that it is shown. */
async function deviceProcesses(
  node: number,
): Promise<Map<string, { pid: number; env: Map<string, string> }>> {
  const found = new Map<string, { pid: number; env: Map<string, string> }>();
  for (const entry of await readdir('/proc')) {
    const read = (name: string) => readFile(`/proc/${entry}/${name}`, 'utf8').catch(() => '');
    if (!/^\d+$/.test(entry)) continue;
    // proc(5): the name in brackets, then the state, whatever it is just now, then the parent.
    if (!new RegExp(`\\) [A-Za-z] ${node} `).test(await read('stat'))) continue;
    if (!(await read('cmdline')).includes('workers/device.js')) continue;
    const pairs = (await read('environ')).split('\0').map((pair): [string, string] => {
      const at = pair.indexOf('=');
      return [pair.slice(0, at), pair.slice(at + 1)];
    });
    const env = new Map(pairs);
    found.set(env.get('CUDA_VISIBLE_DEVICES') ?? 'unset', { pid: Number(entry), env });
  }
  return found;
}

interface Info {
  readonly hardware: unknown;
  readonly devices: readonly { readonly id: string; readonly state: string; readonly restarts: number }[];
}

/** A long answer that streams; resolves at its first tokens. */
async function story(rpc: RpcClient, id: string): Promise<StreamFrame> {
  const reply = await rpc.call('atoma_generate', {
    prompt: 'Once upon a time',
    temperature: 50,
    random_seed: 1,
    max_tokens: 500,
    request_id: id,
    stream: true,
  });
  const { subscription } = reply as { subscription: string };
  return new Promise((resolve) => rpc.onFrames(subscription, resolve));
}

t.test(
  'two cards: a process on each sees that one alone; one that dies leaves the other serving',
  async (t) => {
    const env = { ...(await twoCards(t)), LOG_LEVEL: 'info' };
    const node = new RunningCli(t, ['--model-config-path', await configFor(t, '[0, 1]'), '--json'], env);
    const { url } = await node.next();
    t.match(await node.next(), { type: 'ready', models: ['tiny', 'tiny'] });
    const rpc = await RpcClient.connect(String(url));
    t.teardown(() => rpc.close());
    const info = () => rpc.call('atoma_nodeInfo', {}) as Promise<Info>;

    t.match(await info(), {
      hardware: {
        gpu: null,
        gpus: [
          { index: 0, uuid: FIRST_UUID, name: 'NVIDIA GeForce RTX 4090', driver: '550.54.15' },
          { index: 1, uuid: SECOND_UUID, memory_bytes: 12288 * 1024 * 1024 },
        ],
        cpu: { cores: Number },
        memory: { total_bytes: Number, free_bytes: Number },
      },
      devices: [
        { id: '0', state: 'ready' },
        { id: '1', state: 'ready' },
      ],
    });
    t.match(node.stderr, /NVIDIA GeForce RTX 4090.*24\.0 GiB.*driver 550\.54\.15/, 'the log lists the cards');
    t.match(node.stderr, /device 0 \(NVIDIA GeForce RTX 4090\).*cuda.*CPU/, 'and why they are not used');
    t.match(
      node.stderr,
      /tiny is to run on llama on device 1: the device is the CPU and the weights are GGUF/,
    );

    const node_ = node.child.pid ?? 0;
    const processes = await deviceProcesses(node_);
    t.strictSame([...processes.keys()].sort(), [FIRST_UUID, SECOND_UUID].sort());
    for (const { env } of processes.values()) {
      t.equal(env.get('CUDA_DEVICE_ORDER'), 'PCI_BUS_ID');
      t.equal(env.get('GGML_VK_VISIBLE_DEVICES'), '');
    }

    const first = await story(rpc, 'one');
    const second = await story(rpc, 'two');
    t.notOk(first.done || second.done, 'with one sequence on each, two stories at once are on both');
    t.match(await rpc.call('atoma_nodeInfo', {}), { queue: { running: 2, capacity: 2 } });

    process.kill(processes.get(FIRST_UUID)?.pid ?? 0, 'SIGKILL');
    const question = {
      prompt: '<|im_start|>user\nWhat is the capital of Peru?<|im_end|>\n<|im_start|>assistant\n',
    };
    t.match(await rpc.call('atoma_generate', question), { text: 'The capital of Peru is Lima.' });
    let now = await info();
    while (now.devices.some(({ state }) => state !== 'ready')) {
      await sleep(20);
      now = await info();
    }
    t.match(now.devices, [
      { id: '0', restarts: 1 },
      { id: '1', restarts: 0 },
    ]);
    const again = await deviceProcesses(node_);
    t.equal(again.get(SECOND_UUID)?.pid, processes.get(SECOND_UUID)?.pid, 'the other is the same process');
    t.not(again.get(FIRST_UUID)?.pid, processes.get(FIRST_UUID)?.pid);
    const names = ['CUDA_DEVICE_ORDER', 'CUDA_VISIBLE_DEVICES', 'GGML_VK_VISIBLE_DEVICES'];
    const shown = (from: typeof again) => names.map((name) => from.get(FIRST_UUID)?.env.get(name));
    t.strictSame(shown(again), shown(processes), 'it sees what the first one saw');
  },
);

t.test('two labels of one card are one device', async (t) => {
  const config = await configFor(t, `[1, "${SECOND_UUID.slice(0, 10)}"]`);
  const node = new RunningCli(t, ['--model-config-path', config, '--json'], await twoCards(t));
  await node.next();
  t.match(await node.next(), { type: 'ready', models: ['tiny'] });
  t.strictSame([...(await deviceProcesses(node.child.pid ?? 0)).keys()], [SECOND_UUID]);
});

t.test('--gpu cpu leaves the cards alone', async (t) => {
  const args = ['--model-config-path', await configFor(t, '[0, 1]'), '--gpu', 'cpu', '--json'];
  const node = new RunningCli(t, args, await twoCards(t));
  await node.next();
  t.match(await node.next(), { type: 'ready', models: ['tiny'] });
  t.strictSame([...(await deviceProcesses(node.child.pid ?? 0)).keys()], ['']);
});

t.test('what is not there ends with 2 and says what is', async (t) => {
  const cards = await twoCards(t);
  const start = (config: string, ...more: string[]) =>
    runCli(['--model-config-path', config, ...more], cards);
  t.match(await start(await configFor(t, '5')), {
    code: 2,
    stderr: new RegExp(`there is no GPU 5.*GPU 0: NVIDIA GeForce RTX 4090.*${FIRST_UUID}`),
  });
  t.match(await start(await configFor(t, '"GPU-00"')), { code: 2, stderr: /no GPU has the UUID GPU-00/ });
  t.match(await start(await modelConfig(t), '--gpu', 'tpu'), {
    code: 2,
    stderr: /auto, cuda, vulkan, metal, cpu/,
  });
  const foreign = process.platform === 'darwin' ? 'cuda' : 'metal';
  t.match(await start(await modelConfig(t), '--gpu', foreign), {
    code: 2,
    stderr: new RegExp(`${foreign} cannot be used here.*What works here:.*cpu.*RTX 4090`),
  });
});
