import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { Writable } from 'node:stream';
import { pino } from 'pino';
import t, { type Test } from 'tap';
import { AtomaError, type Completion, type Job, type Ticket } from '#src/core/index.js';
import { Telemetry } from '#src/telemetry/index.js';
import { OtlpCollector } from '../fixtures/otlp-collector.js';
import { PARAMS } from './prompt-params.js';

const ID = `0x${'0123456789abcdef'.repeat(4)}`;
const TRACE_ID = '0123456789abcdef0123456789abcdef';
const job: Job = { id: ID, params: { ...PARAMS, model: 'tiny', prompt: 'xylophone' }, reproducible: true };
const ticket = {
  id: ID,
  eventId: 'digest:0',
  params: job.params,
  leafIndex: 0n,
  chunksCount: 1n,
  receivedAtMs: Date.now(),
  deadlineMs: Date.now() + 60_000,
} as Ticket;
const completion: Completion = {
  text: 'xylophone',
  tokens: [1, 2, 3],
  inputTokens: 5,
  promptTokens: [1, 2, 3, 4, 5],
  finishReason: 'stop',
  timings: { prefillMs: 1, decodeMs: 2 },
  profile: 'p',
};

/** A log that a test can read. */
class Log {
  readonly lines: Record<string, unknown>[] = [];
  readonly #stream = new Writable({
    write: (chunk, _encoding, done) => {
      this.lines.push(JSON.parse(String(chunk)));
      this.#stream.emit('line');
      done();
    },
  });
  readonly logger = pino({ level: 'debug' }, this.#stream);

  /** The `count`th line that says this, now or once it comes. */
  async line(says: RegExp, count = 1): Promise<Record<string, unknown>> {
    for (;;) {
      const found = this.all(says)[count - 1];
      if (found !== undefined) return found;
      await once(this.#stream, 'line');
    }
  }

  all(says: RegExp): readonly Record<string, unknown>[] {
    return this.lines.filter(({ msg }) => says.test(String(msg)));
  }
}

/** A port on which nobody listens. */
async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** Telemetry that traces, with this environment. */
async function tracing(t: Test, env: NodeJS.ProcessEnv, log = new Log()): Promise<Telemetry> {
  const before = { ...process.env };
  Object.assign(process.env, env);
  t.teardown(() => {
    for (const name of Object.keys(env)) delete process.env[name];
    Object.assign(process.env, before);
  });
  return await Telemetry.start({ tracing: true, version: '1', smallId: 7n }, { logger: log.logger });
}

function submitted(telemetry: Telemetry): void {
  for (const observer of telemetry.observers) observer.onSubmitted?.(job, 'ticket');
}

function started(telemetry: Telemetry): void {
  for (const observer of telemetry.observers) observer.onStarted?.(job, 'cpu', 0);
}

function answered(telemetry: Telemetry): void {
  const end = { ok: true, completion, queuedMs: 0 } as const;
  for (const observer of telemetry.observers) observer.onEnded?.(job, 'ticket', end);
  telemetry.onTicket(ID, { kind: 'answered', completion });
}

for (const protocol of ['grpc', 'http/json'] as const) {
  t.test(`spans are sent by ${protocol}`, async (t) => {
    const collector = new OtlpCollector();
    const env = await (protocol === 'grpc' ? collector.listenGrpc(t) : collector.listen(t));
    const telemetry = await tracing(t, { ...env, OTEL_EXPORTER_OTLP_PROTOCOL: protocol });
    telemetry.onTicket(ID, { kind: 'journalled', seenAtMs: Date.now() });
    telemetry.onTicket(ID, { kind: 'taken', ticket });
    submitted(telemetry);
    started(telemetry);
    answered(telemetry);
    await telemetry.stop();
    t.strictSame(
      collector.trace(TRACE_ID).map(({ name }) => name),
      ['journal event', 'queue', 'prefill', 'decode', 'text_completion tiny', 'journal answer', 'ticket'],
    );
  });
}

t.test(
  'a ticket whose device dies, whose commitment fails once, and which settles after a restart',
  async (t) => {
    const collector = new OtlpCollector();
    const env = await collector.listen(t);
    const telemetry = await tracing(t, env);
    telemetry.onTicket(ID, { kind: 'taken', ticket });
    submitted(telemetry);
    started(telemetry);
    started(telemetry);
    answered(telemetry);
    const fault = { code: 'chain_unavailable', message: 'no answer to xylophone', fields: {} };
    telemetry.onTicket(ID, { kind: 'sending' });
    telemetry.onTicket(ID, { kind: 'sent', error: fault });
    telemetry.onTicket(ID, { kind: 'sending' });
    telemetry.onTicket(ID, { kind: 'signed', digest: 'D' });
    telemetry.onTicket(ID, { kind: 'sent', error: undefined });
    telemetry.onTicket(ID, { kind: 'committed', digest: 'D', late: true });
    const other = await tracing(t, env);
    other.onTicket(ID, { kind: 'settled' });
    await Promise.all([telemetry.stop(), other.stop()]);

    const spans = collector.trace(TRACE_ID);
    const errors = (name: string) => spans.filter((span) => span.name === name).map(({ error }) => error);
    t.strictSame(errors('text_completion tiny'), ['device_died', undefined]);
    t.strictSame(errors('commit'), ['chain_unavailable', undefined]);
    t.match(
      spans.find(({ name }) => name === 'ticket'),
      { attributes: { 'atoma.ticket.taken_up_again': true, 'atoma.ticket.late': true } },
    );
    t.match(
      spans.find(({ name }) => name === 'settlement'),
      { parentSpanId: '' },
    );
    t.notOk(
      Buffer.concat(collector.bodies).includes('xylophone'),
      'no prompt, answer or message of an error',
    );
  },
);

t.test('tickets that end without a commitment', async (t) => {
  const collector = new OtlpCollector();
  const telemetry = await tracing(t, await collector.listen(t));
  const error = { code: 'prompt_too_long', message: '', fields: {} };
  telemetry.onTicket(ID, { kind: 'taken', ticket });
  submitted(telemetry);
  for (const observer of telemetry.observers)
    observer.onEnded?.(job, 'ticket', { ok: false, error: new AtomaError('prompt_too_long', '') });
  telemetry.onTicket(ID, { kind: 'skipped', error });
  telemetry.onTicket(ID, { kind: 'taken', ticket });
  telemetry.onTicket(ID, { kind: 'handed_back', reason: 'no device' });
  await telemetry.stop();
  t.match(
    collector
      .trace(TRACE_ID)
      .map(({ name, error, attributes }) => [name, error, attributes['atoma.ticket.outcome']]),
    [
      ['queue', 'prompt_too_long', undefined],
      ['ticket', 'prompt_too_long', 'skipped'],
      ['ticket', undefined, 'handed_back'],
    ],
  );
});

t.test('log lines of a ticket name its trace; others do not', async (t) => {
  const log = new Log();
  const telemetry = await tracing(t, { OTEL_TRACES_SAMPLER: 'always_off' }, log);
  telemetry.onTicket(ID, { kind: 'taken', ticket });
  telemetry.logger.child({ part: 'a' }).info({ ticket: ID }, 'of the ticket');
  telemetry.logger.info('of nothing');
  t.match(await log.line(/of the ticket/), {
    part: 'a',
    trace_id: TRACE_ID,
    span_id: /^[0-9a-f]{16}$/,
    trace_flags: '00',
  });
  t.notMatch(await log.line(/of nothing/), { trace_id: String });
  await telemetry.stop();
});

t.test('a collector that is away is told of once, and once that it is back', async (t) => {
  const log = new Log();
  const collector = new OtlpCollector();
  const port = await freePort();
  const env = {
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://name:pass@127.0.0.1:${port}`,
    OTEL_BSP_SCHEDULE_DELAY: '10',
    // Less than the pause before a second attempt.
    OTEL_EXPORTER_OTLP_TIMEOUT: '500',
  };
  const telemetry = await tracing(t, env, log);
  for (let batch = 1; batch <= 3; batch++) {
    telemetry.onTicket(ID, { kind: 'settled' });
    await log.line(/^OpenTelemetry: .*ECONNREFUSED/, batch);
  }
  t.match(log.all(/cannot be sent/), [{ level: 40, endpoint: `http://127.0.0.1:${port}` }], 'once');
  await collector.listen(t, port);
  telemetry.onTicket(ID, { kind: 'settled' });
  t.match(await log.line(/traces are sent again/), { lostSpans: 3 });
  await telemetry.stop();
});

t.test('settings that have no meaning are named, and the defaults hold', async (t) => {
  const log = new Log();
  const env = { OTEL_EXPORTER_OTLP_PROTOCOL: 'morse', OTEL_TRACES_SAMPLER: 'sometimes' };
  const telemetry = await tracing(t, env, log);
  t.match(await log.line(/PROTOCOL is morse/), { level: 40, msg: /wanted grpc, http\/json, http\/protobuf/ });
  t.match(await log.line(/SAMPLER/), { level: 40, msg: /sometimes/ });
  t.match(await log.line(/sent by OTLP/), { endpoint: 'http://localhost:4318' });
  await telemetry.stop();
});

t.test('without tracing there is nothing to tell of calls, and the log is as it was', async (t) => {
  const { logger } = new Log();
  const telemetry = await Telemetry.start({ tracing: false, version: '1', smallId: undefined }, { logger });
  t.equal(telemetry.calls, undefined);
  t.equal(telemetry.logger, logger);
  await telemetry.stop();
});
