import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pino } from 'pino';
import t, { type Test } from 'tap';
import { z } from 'zod';
import { RpcClient } from '#src/cli/rpc-client.js';
import { Devnet, PromptUser, writeDevnetFiles } from '#src/devnet/index.js';
import { MODEL_DIR, RunningCli, runCli, tempDir } from './cli.js';

const logger = pino({ level: 'silent' });
/** Between two looks at something that has no event to wait for, ms. */
const POLL_MS = 20;
const chat = (question: string): string => `<|im_start|>user\n${question}<|im_end|>\n<|im_start|>assistant\n`;
const TicketAnswer = z.object({
  state: z.string(),
  leaf_index: z.string(),
  answer: z.object({ text: z.string(), root: z.string(), leaf: z.string() }),
});

interface Files {
  readonly modelConfigPath: string;
  readonly suiSubscriberPath: string;
  readonly atomaSuiClientConfigPath: string;
}

/** A node in a process of its own, ready. */
async function startNode(t: Test, files: Files): Promise<string> {
  const node = new RunningCli(t, [
    ...['--model-config-path', files.modelConfigPath],
    ...['--sui-subscriber-path', files.suiSubscriberPath],
    ...['--atoma-sui-client-config-path', files.atomaSuiClientConfigPath, '--json'],
  ]);
  const { url } = await node.next();
  t.match(await node.next(), { type: 'ready', models: ['atoma-tiny'] });
  return String(url);
}

/** The ticket as a node knows it once the settlement event has reached that node. */
async function settledTicket(url: string, ticketId: string): Promise<z.infer<typeof TicketAnswer>> {
  const rpc = await RpcClient.connect(url);
  try {
    for (;;) {
      const ticket = await rpc.call('atoma_getTicket', { ticket_id: ticketId });
      const { state } = z.object({ state: z.string() }).parse(ticket);
      if (state === 'settled') return TicketAnswer.parse(ticket);
      await delay(POLL_MS);
    }
  } finally {
    rpc.close();
  }
}

t.test('three node processes agree, and the ticket settles', async (t) => {
  const chain = await Devnet.start({}, { logger });
  t.teardown(() => chain.stop());
  const operators = [chain.addNode(), chain.addNode(), chain.addNode()];
  const account = chain.addUser();
  const urls = await Promise.all(
    operators.map(async (operator) => {
      const dir = await tempDir(t);
      const options = { dir, modelPath: MODEL_DIR, precision: 'q8_0', jrpcPort: 0 };
      return startNode(t, await writeDevnetFiles(chain, operator, account, options));
    }),
  );
  const user = new PromptUser(
    {
      url: chain.url,
      packageId: chain.packageId,
      tomaPackageId: chain.tomaPackageId,
      atomaDbId: chain.atomaDbId,
      ...account,
    },
    { logger },
  );
  await user.start();
  t.teardown(() => user.close());
  const { ticketId, nodes } = await user.sendPrompt({
    model: chain.model,
    prompt: chat('What is 3 plus 4?'),
    maxTokens: 32n,
    nodesToSample: 3n,
  });
  t.equal(nodes.length, 3);
  t.match(await user.waitForSettlement(ticketId, AbortSignal.timeout(60_000)), { state: 'settled' });
  const tickets = await Promise.all(urls.map((url) => settledTicket(url, ticketId)));
  t.strictSame([...new Set(tickets.map(({ answer }) => answer.text))], ['3 plus 4 is 7.']);
  t.equal(new Set(tickets.map(({ answer }) => answer.root)).size, 1, 'one root');
  t.equal(new Set(tickets.map(({ answer }) => answer.leaf)).size, 3, 'a leaf each');
  t.strictSame(tickets.map(({ leaf_index }) => leaf_index).sort(), ['0', '1', '2']);
  const fees = operators.map(({ smallId }) => chain.feeEarned(ticketId, smallId));
  t.ok(
    fees.every((fee) => fee !== undefined && fee > 0n),
    'each is paid',
  );
});

t.test('a node started with the files of `devnet` serves a user who knows the endpoint alone', async (t) => {
  const out = join(await tempDir(t), 'net');
  const devnet = new RunningCli(t, ['devnet', '--port', '0', '--jrpc-port', '0', '--out', out, '--json']);
  const facts = await devnet.next();
  t.match(facts, { type: 'devnet', url: /^http:/, model: 'atoma-tiny', small_id: '1', dir: out });
  const url = await startNode(t, {
    modelConfigPath: join(out, 'model.toml'),
    suiSubscriberPath: join(out, 'sui-subscriber.toml'),
    atomaSuiClientConfigPath: join(out, 'sui-client.toml'),
  });
  const { key, toma_coin } = JSON.parse(await readFile(join(out, 'user.json'), 'utf8'));
  const user = new PromptUser(
    {
      url: String(facts['url']),
      secretKey: key,
      packageId: String(facts['package_id']),
      tomaPackageId: String(facts['toma_package_id']),
      atomaDbId: String(facts['atoma_db_id']),
      tomaCoinId: toma_coin,
    },
    { logger },
  );
  await user.start();
  t.teardown(() => user.close());
  const model = String(facts['model']);
  const good = await user.sendPrompt({ model, prompt: chat('What is the capital of Peru?') });
  t.match(await user.waitForSettlement(good.ticketId, AbortSignal.timeout(60_000)), { state: 'settled' });
  t.match(await settledTicket(url, good.ticketId), { answer: { text: 'The capital of Peru is Lima.' } });

  const bad = await user.sendPrompt({ model, prompt: 'x', temperature: Number.NaN });
  const long = await user.sendPrompt({ model, prompt: 'word '.repeat(1000) });
  const after = await user.sendPrompt({ model, prompt: chat('What is 3 plus 4?') });
  t.match(await user.waitForSettlement(after.ticketId, AbortSignal.timeout(60_000)), { state: 'settled' });
  const rpc = await RpcClient.connect(url);
  t.teardown(() => rpc.close());
  t.match(await rpc.call('atoma_getTicket', { ticket_id: bad.ticketId }), {
    state: 'skipped',
    error: { code: 'invalid_params', message: /temperature/ },
  });
  t.match(await rpc.call('atoma_getTicket', { ticket_id: long.ticketId }), {
    state: 'skipped',
    error: { code: 'prompt_too_long' },
  });
  devnet.child.kill('SIGTERM');
  t.equal(await devnet.exited(), 0);
});

t.test('demo settles what it submits and says so', async (t) => {
  const { code, stdout } = await runCli(['demo', '--count', '4', '--json', '--prompt', 'What is 3 plus 4?']);
  t.equal(code, 0);
  const lines = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  t.equal(lines.length, 5);
  for (const line of lines.slice(0, 4)) {
    t.match(line, {
      type: 'ticket',
      text: '3 plus 4 is 7.',
      settled: true,
      root: /^[0-9a-f]{64}$/,
      leaf: /^[0-9a-f]{64}$/,
      digest: String,
      event_to_first_token_ms: Number,
      event_to_settled_ms: Number,
      tokens_per_second: Number,
    });
  }
  t.strictSame(lines[4], { type: 'summary', tickets: 4, settled: 4, failed: 0 });
});

t.test('Ctrl-C ends the demo and every process it started', async (t) => {
  const demo = new RunningCli(t, ['demo', '--count', '10000', '--json']);
  await demo.next();
  const tree = await processTree(demo.child.pid ?? 0);
  t.ok(tree.length >= 2, 'a node and its device process run');
  demo.child.kill('SIGINT');
  t.equal(await demo.exited(), 130);
  for (const pid of tree) while (await isAlive(pid)) await delay(POLL_MS);
  t.pass('none is left');
});

async function processTree(pid: number): Promise<number[]> {
  const children = (await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8'))
    .trim()
    .split(' ')
    .filter(Boolean)
    .map(Number);
  const below = await Promise.all(children.map(processTree));
  return [...children, ...below.flat()];
}

/** A zombie counts as gone: only its parent's wait is missing. */
async function isAlive(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return stat !== '' && !/\) Z /.test(stat);
}
