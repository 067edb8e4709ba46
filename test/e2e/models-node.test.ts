import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { DEMO_REPO, demoFiles, pathsIn, startHub, tempCache } from '../fixtures/model-store.js';
import { RunningCli } from './cli.js';

t.test('a node downloads its model, serves it, and at its end removes it where it is told to', async (t) => {
  const hub = await startHub(t);
  hub.add(DEMO_REPO, await demoFiles());
  const folder = await tempCache(t);
  const config = join(folder, 'model.toml');
  const model = `models = [["cpu", "q8_0", "${DEMO_REPO}", "", false]]\nbackend = "llama"\n`;
  await writeFile(
    config,
    `cache_dir = "cache"\nflush_storage = true\njrpc_port = 0\n${model}[pool]\nworkers = 1\n`,
  );
  const env = { HF_ENDPOINT: hub.url, HTTP_PROXY: '', http_proxy: '' };
  const node = new RunningCli(t, ['start', '--json', '--model-config-path', config], env);
  const listening = await node.next();
  t.match(await node.next(), { type: 'ready', models: [DEMO_REPO] });
  const response = await fetch(String(listening['url']), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'atoma_listModels', params: {} }),
  });
  t.match(await response.json(), {
    result: [{ name: DEMO_REPO, source: { repo: DEMO_REPO, revision: 'main' } }],
  });
  const cache = join(folder, 'cache');
  t.equal((await pathsIn(cache)).filter((path) => /blobs\/[0-9a-f]{64}$/.test(path)).length, 1);
  node.child.kill('SIGTERM');
  t.match(await node.next(), { type: 'stopped' });
  t.equal(await node.exited(), 0);
  t.same(
    (await pathsIn(cache)).filter((path) => !path.startsWith('.locks/')),
    [],
  );
});
