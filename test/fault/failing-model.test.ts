import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { runCli, tempDir } from '../e2e/cli.js';
import { AdminNode, ANSWER, configOf, Q8 } from '../e2e/model-requests.js';

t.test('a model that cannot be loaded beside a good one', async (t) => {
  const garbage = join(await tempDir(t), 'garbage.gguf');
  await writeFile(garbage, '<!doctype html><title>Sign in</title>'.repeat(100));
  const node = await AdminNode.start(t, [
    { name: 'bad', file: garbage },
    { name: 'good', file: Q8 },
    { name: 'missing', file: '/no/such/model.gguf' },
  ]);

  await t.test('the node is ready, the good one serves, and everybody is told of the others', async (t) => {
    t.equal(await node.ask('good'), ANSWER);
    t.equal(await node.ask('bad'), 'not_ready');
    const { status, reasons, warnings } = await node.readiness();
    t.equal(status, 200);
    t.strictSame(reasons, []);
    t.match(warnings.toSorted(), [/model bad is not served on device cpu: .*garbage\.gguf/, /missing/]);
    t.match(await node.call('atoma_nodeInfo'), {
      result: {
        ready: true,
        models: [{ name: 'good' }],
        failed_models: [
          { name: 'bad', device: 'cpu', code: 'model_load_failed', message: /garbage\.gguf/ },
          { name: 'missing', device: 'cpu', code: 'model_not_found' },
        ],
      },
    });
    t.match(await (await fetch(`${node.url}/metrics`)).text(), /^atoma_models_failed 2$/m);
    t.match(node.cli.stderr, /bad is not served on cpu/);
  });

  await t.test('one is mended while the node runs, the other one is forgotten', async (t) => {
    const loaded = await node.call('atoma_loadModel', { model_type: Q8, name: 'bad', backend: 'llama' });
    t.match(loaded, { result: { models: [{ name: 'bad' }] } });
    t.match(await node.call('atoma_unloadModel', { name: 'missing' }), { result: { unloaded: [{}] } });
    t.equal(await node.ask('bad'), ANSWER);
    t.strictSame((await node.readiness()).warnings, []);
  });
});

t.test('where no model can be loaded the node does not start, and says why of each', async (t) => {
  const garbage = join(await tempDir(t), 'garbage.gguf');
  await writeFile(garbage, 'x'.repeat(10_000));
  const missing = { name: 'missing', file: '/no/such/model.gguf' };
  const start = async (models: Parameters<typeof configOf>[1]) =>
    runCli(['--model-config-path', await configOf(t, models)]);
  t.match(await start([missing]), { code: 2, stderr: /no file or folder \/no\/such/ });
  t.match(
    await start([missing, { ...missing, name: 'other' }]),
    { code: 2, stderr: /none of the models.*\n.*missing on cpu.*\n.*other on cpu/ },
    'another try with the same files would not help',
  );
  t.match(await start([missing, { name: 'bad', file: garbage }]), {
    code: 1,
    stderr: /missing on cpu.*\n.*bad on cpu: .*garbage\.gguf/,
  });
});
