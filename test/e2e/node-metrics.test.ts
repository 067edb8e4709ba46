import { setTimeout as delay } from 'node:timers/promises';
import { pino } from 'pino';
import t, { type Test } from 'tap';
import { z } from 'zod';
import { Devnet, PromptUser, writeDevnetFiles } from '#src/devnet/index.js';
import { promtool, promtoolMissing } from '../fixtures/promtool.js';
import { MODEL_DIR, RunningCli, tempDir } from './cli.js';
import { call, SocketClient } from './rpc-clients.js';
import { type Family, parseMetrics } from './rpc-prometheus.js';

const logger = pino({ level: 'silent' });
/** Between two scrapes that wait for something, ms. */
const POLL_MS = 20;
const MODEL = 'atoma-tiny';
const Usage = z.object({ input_tokens: z.number(), output_tokens: z.number() });
const Generated = z.object({ result: Usage });
const AnsweredTicket = z.object({ result: z.object({ answer: Usage }) });

type Labels = Readonly<Record<string, string>>;

/** What a node shows at one moment. */
class Scrape {
  readonly text: string;
  readonly #families: Map<string, Family>;

  private constructor(text: string) {
    this.text = text;
    this.#families = parseMetrics(text);
  }

  static async of(url: string): Promise<Scrape> {
    return new Scrape(await (await fetch(`${url}/metrics`)).text());
  }

  /** Of all series that have these labels; `part` of a histogram. */
  sum(name: string, labels: Labels = {}, part = ''): number {
    const { samples } = this.#families.get(name) ?? { samples: new Map<string, number>() };
    let sum = 0;
    for (const [key, value] of samples) {
      const open = key.indexOf('{');
      const found: Labels = JSON.parse(key.slice(open));
      const isMeant = Object.entries(labels).every(([label, wanted]) => found[label] === wanted);
      if (key.slice(0, open) === part && isMeant) sum += value;
    }
    return sum;
  }

  count(name: string, labels: Labels = {}): number {
    return this.sum(name, labels, '_count');
  }
}

/** A node on a chain of its own, and somebody who sends it a ticket; resolves when the node has seen it settle. */
async function nodeWithTicket(t: Test): Promise<{ url: string; ticketId: string }> {
  const chain = await Devnet.start({}, { logger });
  t.teardown(() => chain.stop());
  const account = chain.addUser();
  const options = { dir: await tempDir(t), modelPath: MODEL_DIR, precision: 'q8_0', jrpcPort: 0 };
  const files = await writeDevnetFiles(chain, chain.addNode(), account, options);
  const node = new RunningCli(t, [
    ...['start', '--model-config-path', files.modelConfigPath],
    ...['--sui-subscriber-path', files.suiSubscriberPath],
    ...['--atoma-sui-client-config-path', files.atomaSuiClientConfigPath, '--json'],
  ]);
  const url = String((await node.next())['url']);
  t.match(await node.next(), { type: 'ready' });
  const user = new PromptUser(
    {
      ...{ url: chain.url, packageId: chain.packageId, tomaPackageId: chain.tomaPackageId },
      ...{ atomaDbId: chain.atomaDbId, ...account },
    },
    { logger },
  );
  await user.start();
  t.teardown(() => user.close());
  const { ticketId } = await user.sendPrompt({ model: chain.model, prompt: 'Why?', maxTokens: 12n });
  await user.waitForSettlement(ticketId, AbortSignal.timeout(60_000));
  const isThrough = (scrape: Scrape): boolean =>
    ['committed', 'settled'].every((stage) => scrape.sum('atoma_ticket_stages_total', { stage }) === 1);
  while (!isThrough(await Scrape.of(url))) await delay(POLL_MS);
  return { url, ticketId };
}

t.test('a ticket and some requests: every number is what was done', async (t) => {
  const { url, ticketId } = await nodeWithTicket(t);
  const generate = (params: object): object => ({ model: MODEL, temperature: 0, ...params });
  const asked = [
    await call(url, 'atoma_generate', generate({ prompt: 'One, two', max_tokens: 5 })),
    await call(url, 'atoma_generate', generate({ prompt: 'What is 3 plus 4?', max_tokens: 20 })),
    await call(url, 'atoma_generate', generate({ prompt: 'Hello', max_tokens: 1 })),
  ].map((answer) => Generated.parse(answer).result);
  const client = await SocketClient.connect(url);
  asked.push(Usage.parse(await client.result(1, 'atoma_generate', generate({ prompt: 'A', max_tokens: 3 }))));
  t.match(await call(url, 'atoma_generate', { model: 'no-such-model', prompt: 'x', max_tokens: 1 }), {
    error: { data: { code: 'unknown_model' } },
  });
  await call(url, 'atoma_noSuchMethod');
  await fetch(`${url}/no/such/route`);
  const { answer } = AnsweredTicket.parse(await call(url, 'atoma_getTicket', { ticket_id: ticketId })).result;
  const scrape = await Scrape.of(url);

  const sum = (usages: readonly z.infer<typeof Usage>[], kind: keyof z.infer<typeof Usage>): number =>
    usages.reduce((total, usage) => total + usage[kind], 0);
  for (const [lane, usages] of [['request', asked] as const, ['ticket', [answer]] as const]) {
    const labels = { model: MODEL, lane };
    const tokens = (kind: string): number => scrape.sum('atoma_tokens_total', { ...labels, kind });
    t.equal(tokens('prompt'), sum(usages, 'input_tokens'), `prompt tokens of ${lane}s`);
    t.equal(tokens('output'), sum(usages, 'output_tokens'), `output tokens of ${lane}s`);
    t.equal(scrape.sum('atoma_jobs_total', { ...labels, code: 'ok' }), usages.length);
    t.equal(scrape.count('atoma_queue_wait_seconds', { lane }), usages.length);
    const withTokens = usages.filter(({ output_tokens }) => output_tokens > 0).length;
    t.equal(scrape.count('atoma_time_to_first_token_seconds', labels), withTokens);
    const withMore = usages.filter(({ output_tokens }) => output_tokens > 1).length;
    t.equal(scrape.count('atoma_inter_token_seconds', labels), withMore);
  }
  const all = [...asked, answer];
  const decoded = all.reduce((total, usage) => total + Math.max(0, usage.output_tokens - 1), 0);
  t.equal(scrape.sum('atoma_decode_tokens_total', { model: MODEL }), decoded);
  t.equal(scrape.sum('atoma_prefill_tokens_total', { model: MODEL }), sum(all, 'input_tokens'));
  t.ok(scrape.sum('atoma_prefill_seconds_total') > 0);

  t.equal(scrape.sum('atoma_jobs_total', { code: 'unknown_model', model: 'other' }), 1);
  t.equal(scrape.sum('atoma_jobs_total', { model: 'no-such-model' }), 0, 'clients make no series');
  const requests = (labels: Labels): number => scrape.sum('atoma_rpc_requests_total', labels);
  t.equal(requests({ api: 'jsonrpc', method: 'atoma_generate', code: 'ok' }), 3);
  t.equal(requests({ api: 'jsonrpc', method: 'atoma_generate', code: 'unknown_model' }), 1);
  t.equal(requests({ api: 'websocket', method: 'atoma_generate', code: 'ok' }), 1);
  t.equal(requests({ api: 'jsonrpc', method: 'other', code: 'method_not_found' }), 1);
  t.equal(requests({ api: 'http', method: 'other', code: '404' }), 1);
  t.equal(scrape.count('atoma_rpc_request_duration_seconds', { method: 'atoma_generate' }), 5);
  t.equal(scrape.sum('atoma_websocket_connections'), 1);

  t.equal(scrape.sum('atoma_commitments_total', { result: 'ok' }), 1);
  t.equal(scrape.count('atoma_ticket_duration_seconds'), 1);
  t.equal(scrape.count('atoma_commitment_duration_seconds'), 1);
  t.equal(scrape.sum('atoma_tickets', { state: 'settled' }), 1);
  t.equal(scrape.sum('atoma_late_tickets_total'), 0);

  const busy = scrape.sum('atoma_device_busy_seconds_total', { device: 'cpu', model: MODEL });
  t.ok(busy > 0, 'a device was busy');
  t.ok(scrape.sum('atoma_device_job_seconds_total') >= busy);
  t.ok(scrape.sum('atoma_model_sequences') >= scrape.sum('atoma_model_workers'));
  t.ok(scrape.sum('atoma_model_workers', { device: 'cpu', model: MODEL }) > 0);
  t.ok(scrape.sum('atoma_event_loop_delay_max_seconds') >= scrape.sum('atoma_event_loop_delay_p50_seconds'));
  const resident = scrape.sum('atoma_device_process_resident_memory_bytes', { device: 'cpu' });
  if (process.platform === 'linux') t.ok(resident > 10 * 1024 * 1024, 'more than 10 MiB');
  t.equal(scrape.sum('atoma_gpu_memory_used_bytes'), 0, 'nothing is told of GPUs that are not there');

  client.socket.close();
  await client.closed();
  while ((await Scrape.of(url)).sum('atoma_websocket_closures_total', { reason: 'client' }) !== 1) {
    await delay(POLL_MS);
  }
  t.equal((await Scrape.of(url)).sum('atoma_websocket_connections'), 0);

  const skip = await promtoolMissing();
  t.test("Prometheus' checker has nothing against it", { skip }, async (t) => {
    const { code, output } = await promtool(['check', 'metrics'], scrape.text);
    t.equal(code, 0, output);
    t.equal(output, '');
  });
});
