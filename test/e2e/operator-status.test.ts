import { join } from 'node:path';
import { pino } from 'pino';
import t from 'tap';
import { statusPage } from '#src/cli/status-page.js';
import { loadRegisteredConfig } from '#src/config/index.js';
import { ProcessLock, type PromptEvent } from '#src/core/index.js';
import { nodeStanding } from '#src/node/index.js';
import { Journal } from '#src/tickets/index.js';
import { TcpProxy } from '../fixtures/tcp-proxy.js';
import { runCli } from './cli.js';
import { Site } from './doctor-site.js';

const logger = pino({ level: 'silent' });

const PROMPT: PromptEvent = {
  kind: 'prompt',
  id: 'digest:0',
  timestampMs: undefined,
  checkpoint: undefined,
  ticketId: `0x${'7'.repeat(64)}`,
  params: {
    prompt: 'hello',
    model: 'atoma-tiny',
    maxTokens: 4n,
    prePromptTokens: [],
    prependOutputWithInput: false,
    randomSeed: 1n,
    repeatLastN: 64n,
    repeatPenalty: 1,
    shouldStreamOutput: false,
    temperature: 0,
    topK: 0n,
    topP: 1,
  },
  chunksCount: 1n,
  nodes: [1n],
  outputDestination: new Uint8Array(),
};

t.test('status shows what there is, and says what is missing', async (t) => {
  const site = await Site.start(t);
  const proxy = await new TcpProxy(site.chain.url).start();
  t.teardown(() => proxy.stop());
  const { modelConfigPath, suiSubscriberPath, atomaSuiClientConfigPath } = site.files;
  await site.edit(suiSubscriberPath, site.chain.url, proxy.url);
  await site.edit(modelConfigPath, 'name = "atoma-tiny"', 'name = "another"');
  const config = await loadRegisteredConfig({ modelConfigPath, suiSubscriberPath, atomaSuiClientConfigPath });
  const { nodeBadgeId: badge, dataDir } = config.chain.client;
  const lockDir = join(site.dir, 'locks');
  const look = () => nodeStanding(config, { lockDir }, { logger });

  const fresh = await look();
  t.match(fresh, { process: { value: undefined }, tickets: { value: undefined } });
  const page = statusPage(fresh);
  t.match(page, /\nprocess +no node with this badge runs on this machine\n/);
  t.match(page, /\ntickets +none yet: there is no journal\n/);
  t.match(page, /\natoma-tiny +yes +0 +\d+ +no +its tickets are missed, .* unsubscribe atoma-tiny\n/);
  t.match(page, /\nanother +no +- +- +yes +earns nothing: subscribe another --echelon N\n/);

  const journal = Journal.open({ path: join(dataDir, 'journal.sqlite'), badge });
  journal.open(PROMPT, 0n, Date.now() + 60_000);
  const lock = ProcessLock.acquire(join(lockDir, `badge-${badge}.lock`), 'the badge');
  t.teardown(() => {
    lock.release();
    journal.close();
  });
  const running = statusPage(await look());
  t.match(running, new RegExp(`\nprocess +process ${process.pid} on `));
  t.match(running, /\ntickets +1 received; 1 to do, 0 were late\n/);

  const warned = await runCli(['disable', '--dry-run', ...site.flags]);
  t.equal(warned.code, 0, warned.stderr);
  t.match(
    warned.stdout,
    /^disable node 1 for ever\n {2}wallet +0x\w{64} at http.*\n {2}gas +about 0\.\d+ SUI, at most 0\.\d+ SUI\n/,
  );
  t.match(warned.stdout, /! note +the journal has 1 tickets that are not committed/);

  await proxy.stop();
  await site.edit(atomaSuiClientConfigPath, /secs = .*/, 'secs = 1');
  const down = await runCli(['status', '--json', ...site.flags]);
  t.equal(down.code, 1, 'the chain could not be asked');
  const said: unknown = JSON.parse(down.stdout);
  t.match(said, {
    chain: null,
    chain_problem: /did not answer .*; check that it is reachable/,
    tickets: { received: 1, open: 1, late: 0 },
  });
});
