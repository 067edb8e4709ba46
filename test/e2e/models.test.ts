import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { WebSocket } from 'ws';
import { RpcClient } from '#src/cli/rpc-client.js';
import { gone } from '../fixtures/tiny-device.js';
import { AdminNode, ANSWER, F16, Q8, TOKEN } from './model-requests.js';
import { SocketClient } from './rpc-clients.js';

const SKIP = process.platform !== 'linux' && 'needs /proc';

/** The device processes of a node. */
async function devicePids(node: AdminNode): Promise<readonly number[]> {
  const { pid } = node.cli.child;
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
  const found: number[] = [];
  for (const child of children.trim().split(' ').filter(Boolean).map(Number)) {
    const command = await readFile(`/proc/${child}/cmdline`, 'utf8').catch(() => '');
    if (command.includes('/workers/device.js')) found.push(child);
  }
  return found;
}

t.test('models come and go while the node runs', { skip: SKIP }, async (t) => {
  const node = await AdminNode.start(t, [{ name: 'q8', file: Q8 }]);
  const f16 = { model_type: F16, name: 'f16', backend: 'llama' };

  await t.test('one is loaded over HTTP, and both serve', async (t) => {
    t.match(await node.call('atoma_loadModel', f16), {
      result: { models: [{ name: 'f16', device: 'cpu', file: F16, backend: 'llama', source: null }] },
    });
    t.strictSame(await node.models(), ['f16 on cpu', 'q8 on cpu']);
    t.strictSame(await Promise.all([node.ask('q8'), node.ask('f16')]), [ANSWER, ANSWER]);
    t.equal((await devicePids(node)).length, 1, 'one process a device');
  });

  await t.test('a name stands once on a device, and for one model', async (t) => {
    const again = await node.call('atoma_loadModel', f16);
    t.match(again, { error: { message: /f16 is on device cpu/, data: { code: 'model_exists' } } });
    const other = { ...f16, name: 'q8', device: 0 };
    t.match(await node.call('atoma_loadModel', other), {
      error: { message: /another model has the name q8.*modelType differs/, data: { code: 'model_exists' } },
    });
    t.match(await node.call('atoma_loadModel', { model_type: './x.gguf' }), {
      error: { data: { code: 'invalid_params' }, message: /absolute path/ },
    });
    t.match(await node.call('atoma_loadModel', { model_type: '/no/such/file.gguf' }), {
      error: { data: { code: 'model_not_found' }, message: /no file or folder/ },
    });
    t.strictSame(await node.models(), ['f16 on cpu', 'q8 on cpu']);
  });

  await t.test('its process is killed: both come back', async (t) => {
    const [pid = 0] = await devicePids(node);
    process.kill(pid, 'SIGKILL');
    await gone(pid);
    while ((await node.readiness()).status !== 200) await sleep(20);
    t.strictSame(await Promise.all([node.ask('q8'), node.ask('f16')]), [ANSWER, ANSWER]);
  });

  await t.test('one is unloaded over a WebSocket, the other serves on', async (t) => {
    const socket = await SocketClient.connect(node.url, { headers: { authorization: `Bearer ${TOKEN}` } });
    t.same(await socket.result(1, 'atoma_unloadModel', { name: 'f16' }), {
      unloaded: [{ name: 'f16', device: 'cpu' }],
    });
    socket.socket.close();
    t.strictSame(await Promise.all([node.ask('q8'), node.ask('f16')]), [ANSWER, 'unknown_model']);
    t.match(await node.call('atoma_unloadModel', { name: 'f16' }), {
      error: { message: /there is q8 on cpu/, data: { code: 'unknown_model' } },
    });
    t.equal((await node.readiness()).status, 200);
  });

  await t.test('a job that runs when its model goes ends well', async (t) => {
    const rpc = await RpcClient.connect(node.url);
    const long = {
      model: 'q8',
      prompt: 'Once upon a time',
      temperature: 50,
      random_seed: 1,
      max_tokens: 400,
    };
    const { subscription } = (await rpc.call('atoma_generate', { ...long, stream: true })) as {
      subscription: string;
    };
    let unloading: Promise<unknown> | undefined;
    const tokens = await new Promise<number>((resolve, reject) => {
      let count = 0;
      rpc.onFrames(subscription, (frame) => {
        unloading ??= node.call('atoma_unloadModel', { name: 'q8', device: 'cpu' });
        count += frame.tokens.length;
        if (frame.error !== undefined) reject(new Error(frame.error.message));
        else if (frame.done) resolve(count);
      });
    });
    t.equal(tokens, 400);
    t.match(await unloading, { result: { unloaded: [{ name: 'q8' }] } });
    rpc.close();
  });

  await t.test('the last one took its process along; another one gets a new one', async (t) => {
    t.strictSame(await devicePids(node), []);
    t.match(await node.readiness(), { status: 503, reasons: ['no model is loaded'] });
    t.match(await node.call('atoma_nodeInfo'), { result: { devices: [], models: [] } });
    t.match(await node.call('atoma_loadModel', f16), { result: { models: [{ name: 'f16' }] } });
    t.equal(await node.ask('f16'), ANSWER);
    t.match(await node.readiness(), { status: 200, reasons: [], warnings: [] });
  });

  await t.test('a load goes on where its client goes away', async (t) => {
    const socket = new WebSocket(`${node.url.replace('http', 'ws')}/ws`, {
      headers: { authorization: `Bearer ${TOKEN}` },
    });
    await new Promise((resolve) => socket.once('open', resolve));
    const params = { model_type: Q8, backend: 'llama', name: 'left' };
    socket.send(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'atoma_loadModel', params }), () =>
      socket.terminate(),
    );
    while ((await node.models()).length < 2) await sleep(20);
    t.equal(await node.ask('left'), ANSWER);
  });

  node.cli.child.kill('SIGTERM');
  t.match(await node.cli.next(), { type: 'stopped' });
  t.equal(await node.cli.exited(), 0);
});

t.test('a model on two devices: one is killed, the other one serves', { skip: SKIP }, async (t) => {
  const node = await AdminNode.start(t, [{ name: 'tiny', device: [0, 1], file: Q8 }]);
  t.strictSame(await node.models(), ['tiny on 0', 'tiny on 1']);
  const pids = await devicePids(node);
  t.equal(pids.length, 2, 'a process each');
  process.kill(pids[0] ?? 0, 'SIGSTOP');
  const asked = Promise.all([1, 2, 3, 4, 5].map(() => node.ask('tiny')));
  process.kill(pids[0] ?? 0, 'SIGKILL');
  t.strictSame(
    await asked,
    [1, 2, 3, 4, 5].map(() => ANSWER),
    'jobs of the dead one run on the other',
  );
  t.match(await node.call('atoma_unloadModel', { name: 'tiny', device: 0 }), {
    result: { unloaded: [{ name: 'tiny', device: '0' }] },
  });
  t.strictSame(await node.models(), ['tiny on 1']);
  t.strictSame(await devicePids(node), [pids[1]]);
  t.equal(await node.ask('tiny'), ANSWER);
});
