import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { DEMO_REPO, demoFiles, startHub } from '../fixtures/model-store.js';
import { Network, Serving, until } from './network.js';
import { NodeProcess } from './node-process.js';

const F16 = fileURLToPath(new URL('../../../models/atoma-tiny/atoma-tiny.F16.gguf', import.meta.url));

t.test('while a model is downloaded the others serve, and its tickets wait for it', async (t) => {
  const hub = await startHub(t);
  hub.add(DEMO_REPO, await demoFiles((path) => path.endsWith('.gguf')));
  // A hub that has no time, until it is told otherwise.
  hub.inject({ on: 'api', status: 429, retryAfter: '1', times: 1000 });
  const network = await Network.start(t);
  const { chain } = network;
  const { files, dir } = await network.seat(chain.addNode());
  await writeFile(
    files.modelConfigPath,
    `cache_dir = ${JSON.stringify(join(dir, 'cache'))}
jrpc_port = 0
[[models]]
name = ${JSON.stringify(chain.model)}
device = "cpu"
precision = "q8_0"
model_type = "${DEMO_REPO}"
[[models]]
name = "other"
device = "cpu"
precision = "f16"
model_type = ${JSON.stringify(F16)}
[pool]
workers = 1
sequences = 2
`,
  );
  const node = new NodeProcess(files, [], { env: { HF_ENDPOINT: hub.url, HTTP_PROXY: '', http_proxy: '' } });
  t.teardown(() => node.kill());
  const serving = new Serving(node, String(await node.listening));
  await serving.untilReady();
  const ask = (model: string) =>
    serving.call('atoma_generate', { model, prompt: 'Once upon a time', max_tokens: 4 });
  t.match(await ask('other'), { output_tokens: 4 });
  await t.rejects(ask(chain.model), {
    message: /not_ready.*still being loaded|still being loaded.*not_ready/,
  });

  const { ticketId } = await network.send();
  const state = async (): Promise<unknown> => (await serving.ticket(ticketId).catch(() => undefined))?.state;
  await until('the node knows the ticket', async () => (await state()) === 'received');

  hub.clearFaults();
  await network.settled(ticketId);
  t.match(await ask(chain.model), { output_tokens: 4 });
  t.equal(await node.stop(), '0');
});
