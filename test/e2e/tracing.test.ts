import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { pino } from 'pino';
import t, { type Test } from 'tap';
import { request } from 'undici';
import { WebSocket } from 'ws';
import { Devnet, PromptUser, writeDevnetFiles } from '#src/devnet/index.js';
import { OtlpCollector } from '../fixtures/otlp-collector.js';
import type { ReceivedSpan } from '../fixtures/otlp-decode.js';
import { MODEL_DIR, modelConfig, RunningCli, tempDir } from './cli.js';

const logger = pino({ level: 'silent' });
const SECRET = 'a word that nobody else says: xylophone';
const TRACE = '0af7651916cd43dd8448eb211c80319c';
const CALLER = 'b7ad6b7169203331';
const TRACEPARENT = `00-${TRACE}-${CALLER}-01`;

async function traced(file: string): Promise<void> {
  await writeFile(file, (await readFile(file, 'utf8')).replace('tracing = false', 'tracing = true'));
}

/** The lines of a log that are JSON objects; every one of them has to be. */
function logLines(stderr: string): readonly Record<string, unknown>[] {
  return stderr
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

function childOf(spans: readonly ReceivedSpan[], parent: ReceivedSpan, name: string): ReceivedSpan {
  const found = spans.find((span) => span.name === name && span.parentSpanId === parent.spanId);
  if (found === undefined)
    throw new Error(`${parent.name} has no ${name}: ${spans.map((span) => span.name)}`);
  return found;
}

/** Each span lies within its parent; a thousandth of a ms is lost where times are written. */
function checkTimes(t: Test, spans: readonly ReceivedSpan[], late: readonly string[] = []): void {
  for (const span of spans) {
    t.ok(span.startMs <= span.endMs, `${span.name} ends after it begins`);
    const parent = spans.find(({ spanId }) => spanId === span.parentSpanId);
    if (parent === undefined || late.includes(span.name)) continue;
    t.ok(span.startMs >= parent.startMs - 0.001, `${span.name} begins within ${parent.name}`);
    t.ok(span.endMs <= parent.endMs + 0.001, `${span.name} ends within ${parent.name}`);
  }
}

t.test('a ticket is one trace, from its event to its settlement', async (t) => {
  const chain = await Devnet.start({}, { logger });
  t.teardown(() => chain.stop());
  const account = chain.addUser();
  const collector = new OtlpCollector();
  const env = await collector.listen(t);
  const files = await writeDevnetFiles(chain, chain.addNode(), account, {
    dir: await tempDir(t),
    modelPath: MODEL_DIR,
    precision: 'q8_0',
    jrpcPort: 0,
  });
  await traced(files.modelConfigPath);
  const node = new RunningCli(
    t,
    [
      ...['start', '--model-config-path', files.modelConfigPath],
      ...['--sui-subscriber-path', files.suiSubscriberPath],
      ...['--atoma-sui-client-config-path', files.atomaSuiClientConfigPath, '--json'],
    ],
    { ...env, LOG_LEVEL: 'info', OTEL_SERVICE_NAME: 'my-node', OTEL_RESOURCE_ATTRIBUTES: 'rack=7' },
  );
  await node.next();
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
  const { ticketId } = await user.sendPrompt({ model: chain.model, prompt: SECRET, maxTokens: 16n });
  await user.waitForSettlement(ticketId, AbortSignal.timeout(60_000));
  const settlement = await collector.span(({ name }) => name === 'settlement');
  t.equal(settlement.traceId, ticketId.slice(2, 34), 'whoever has the ticket has its trace');
  const spans = collector.trace(settlement.traceId);
  t.comment(spans.map((span) => `${span.name} ${(span.endMs - span.startMs).toFixed(2)} ms`).join(', '));

  const root = await collector.span(({ name }) => name === 'ticket');
  t.match(root, {
    parentSpanId: '',
    kind: 5,
    attributes: {
      'atoma.ticket.id': ticketId,
      'atoma.ticket.outcome': 'committed',
      'atoma.ticket.late': false,
      'gen_ai.request.model': 'atoma-tiny',
      'atoma.transaction.digest': /^\w{40,}$/,
    },
    resource: { 'service.name': 'my-node', rack: '7', 'atoma.node.small_id': '1', 'service.version': String },
  });
  childOf(spans, root, 'journal event');
  t.match(childOf(spans, root, 'queue').attributes, { 'atoma.lane': 'ticket' });
  const run = childOf(spans, root, 'text_completion atoma-tiny');
  t.match(run.attributes, {
    'gen_ai.request.model': 'atoma-tiny',
    'gen_ai.request.max_tokens': 16,
    'gen_ai.usage.input_tokens': Number,
    'gen_ai.usage.output_tokens': Number,
    'gen_ai.response.finish_reasons': [/^(stop|length)$/],
    'atoma.device': 'cpu',
    'atoma.profile.id': String,
  });
  t.ok(childOf(spans, run, 'prefill').endMs <= childOf(spans, run, 'decode').startMs + 0.001);
  childOf(spans, root, 'journal answer');
  const commit = childOf(spans, root, 'commit');
  childOf(spans, commit, 'build and sign');
  t.match(childOf(spans, commit, 'submit'), { kind: 3 });
  t.equal(settlement.parentSpanId, root.spanId);
  checkTimes(t, spans, ['settlement']);
  t.notOk(Buffer.concat(collector.bodies).includes('xylophone'), 'no prompt leaves the node');

  const ofTicket = logLines(node.stderr).filter((line) => line['ticket'] === ticketId);
  t.equal(ofTicket.length, 1, 'one line a ticket');
  t.match(ofTicket[0], { level: 30, trace_id: root.traceId, span_id: root.spanId, trace_flags: '01' });
  node.child.kill('SIGTERM');
  t.equal(await node.exited(), 0);
});

t.test("a request goes on with its caller's trace", async (t) => {
  const collector = new OtlpCollector();
  const env = await collector.listen(t);
  const config = await modelConfig(t);
  await traced(config);
  const node = new RunningCli(t, ['start', '--model-config-path', config, '--json'], {
    ...env,
    OTEL_EXPORTER_OTLP_HEADERS: 'x-tenant=ours',
  });
  const { url } = await node.next();
  await node.next();
  const call = { jsonrpc: '2.0', id: 1, method: 'atoma_generate', params: { prompt: SECRET, max_tokens: 8 } };
  const answer = await request(String(url), {
    method: 'POST',
    headers: { 'content-type': 'application/json', traceparent: TRACEPARENT },
    body: JSON.stringify(call),
  });
  await answer.body.json();
  const http = await collector.span(({ name }) => name === 'POST /');
  t.match(http, {
    traceId: TRACE,
    parentSpanId: CALLER,
    kind: 2,
    attributes: { 'http.request.method': 'POST', 'http.route': '/', 'http.response.status_code': 200 },
  });
  const spans = collector.trace(TRACE);
  const rpc = childOf(spans, http, 'atoma_generate');
  t.match(rpc, { kind: 2, attributes: { 'rpc.system': 'jsonrpc', 'rpc.method': 'atoma_generate' } });
  childOf(spans, rpc, 'queue');
  const run = childOf(spans, rpc, 'text_completion atoma-tiny');
  childOf(spans, run, 'prefill');
  childOf(spans, run, 'decode');
  checkTimes(t, spans);
  t.equal(collector.headers[0]?.['x-tenant'], 'ours');

  const socket = new WebSocket(`${String(url).replace('http', 'ws')}/ws`, {
    headers: { traceparent: `00-${TRACE.replace('0a', '0b')}-${CALLER}-01` },
  });
  await once(socket, 'open');
  socket.send(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'atoma_generate', params: { prompt: '' } }));
  await once(socket, 'message');
  socket.send(JSON.stringify({ ...call, params: { ...call.params, stream: true } }));
  const streamed = await collector.span(({ traceId, name }) => traceId !== TRACE && name === 'decode');
  const overSocket = collector.trace(streamed.traceId);
  const upgrade = overSocket.find(({ name }) => name === 'GET /ws');
  t.match(upgrade, { parentSpanId: CALLER, attributes: { 'http.response.status_code': 101 } });
  const calls = overSocket.filter(({ name }) => name === 'atoma_generate');
  t.ok(calls.every(({ parentSpanId }) => parentSpanId === upgrade?.spanId));
  t.match(
    calls.map(({ error }) => error),
    ['invalid_params', undefined],
    'an error is told by its code',
  );
  socket.close();

  const metrics = await request(`${url}/metrics`);
  await metrics.body.text();
  node.child.kill('SIGTERM');
  t.equal(await node.exited(), 0);
  t.notOk(collector.spans.some(({ name }) => name.includes('metrics')));
  t.notOk(Buffer.concat(collector.bodies).includes('xylophone'), 'no prompt leaves the node');
});
