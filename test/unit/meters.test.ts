import fc from 'fast-check';
import { Registry } from 'prom-client';
import t from 'tap';
import { AtomaError, type Completion, type Job } from '#src/core/index.js';
import { JobMeters } from '#src/telemetry/meters/job-meters.js';
import { ModelLabels } from '#src/telemetry/meters/model-labels.js';
import { TicketMeters } from '#src/telemetry/meters/ticket-meters.js';

type Labels = Record<string, string | number>;

/** The value of the one series that has these labels. */
async function value(registry: Registry, name: string, labels: Labels = {}): Promise<number | undefined> {
  const [family, part] = /^(.*?)(_sum|_count)?$/.exec(name)?.slice(1) ?? [];
  const metric = registry.getSingleMetric(family ?? '');
  const { values } = (await metric?.get()) ?? { values: [] };
  const found = values.filter((one) => {
    const ofPart = part === undefined || ('metricName' in one && one.metricName === name);
    return ofPart && Object.entries(labels).every(([key, wanted]) => Reflect.get(one.labels, key) === wanted);
  });
  return found.length === 1 ? found[0]?.value : undefined;
}

function job(id: string, model = 'm'): Job {
  const params = {
    ...{ model, prompt: 'p', prePromptTokens: [], prependOutputWithInput: false, maxTokens: 9n },
    ...{ randomSeed: 1n, repeatLastN: 0n, repeatPenalty: 1, shouldStreamOutput: false },
    ...{ temperature: 0, topK: 0n, topP: 1 },
  };
  return { id, params, reproducible: false };
}

function completion(inputTokens: number, tokens: number, timings: Completion['timings']): Completion {
  return {
    ...{ text: '', tokens: Array.from({ length: tokens }, () => 1), inputTokens, promptTokens: [] },
    ...{ finishReason: 'stop', timings, profile: '' },
  };
}

function jobMeters(): { meters: JobMeters; registry: Registry; clock: { now: number } } {
  const registry = new Registry();
  const clock = { now: 1000 };
  const meters = new JobMeters({ registry, models: new ModelLabels(), now: () => clock.now });
  return { meters, registry, clock };
}

t.test('a job is counted and timed once, at its end', async (t) => {
  const { meters, registry, clock } = jobMeters();
  const one = job('1');
  meters.onSubmitted(one);
  clock.now += 250;
  meters.onStarted(one, 'cpu');
  clock.now += 2000;
  const answer = completion(7, 11, { prefillMs: 500, decodeMs: 1500 });
  meters.onEnded(one, 'request', { ok: true, completion: answer, queuedMs: 250 });
  const labels = { model: 'm', lane: 'request' };
  t.equal(await value(registry, 'atoma_jobs_total', { ...labels, code: 'ok' }), 1);
  t.equal(await value(registry, 'atoma_tokens_total', { ...labels, kind: 'prompt' }), 7);
  t.equal(await value(registry, 'atoma_tokens_total', { ...labels, kind: 'output' }), 11);
  t.equal(await value(registry, 'atoma_queue_wait_seconds_sum', { lane: 'request' }), 0.25);
  t.equal(await value(registry, 'atoma_time_to_first_token_seconds_sum', labels), 0.75, 'wait and prefill');
  t.equal(await value(registry, 'atoma_inter_token_seconds_sum', labels), 0.15);
  t.equal(await value(registry, 'atoma_decode_tokens_total'), 10, 'the first one belongs to the prefill');
  t.equal(await value(registry, 'atoma_decode_seconds_total'), 1.5);
  t.equal(await value(registry, 'atoma_prefill_tokens_total'), 7);
  t.equal(await value(registry, 'atoma_prefill_seconds_total'), 0.5);
});

t.test('jobs without tokens, and those that fail, leave the times alone', async (t) => {
  const { meters, registry } = jobMeters();
  const [empty, failed] = [job('1'), job('2')];
  for (const one of [empty, failed]) {
    meters.onSubmitted(one);
    meters.onStarted(one, 'cpu');
  }
  const nothing = completion(7, 0, { prefillMs: 500, decodeMs: 0 });
  meters.onEnded(empty, 'ticket', { ok: true, completion: nothing, queuedMs: 0 });
  meters.onEnded(failed, 'ticket', { ok: false, error: new AtomaError('engine_failed', 'no') });
  t.equal(await value(registry, 'atoma_time_to_first_token_seconds_count'), undefined);
  t.equal(await value(registry, 'atoma_inter_token_seconds_count'), undefined);
  t.equal(await value(registry, 'atoma_jobs_total', { code: 'engine_failed', lane: 'ticket' }), 1);
  t.equal(await value(registry, 'atoma_tokens_total', { kind: 'prompt' }), 7);
});

t.test('how full a device is: exact over jobs that overlap, and over a death', async (t) => {
  const { meters, registry, clock } = jobMeters();
  const [one, two] = [job('1'), job('2')];
  for (const each of [one, two]) meters.onSubmitted(each);
  clock.now += 5000;
  meters.onStarted(one, '0');
  clock.now += 1000;
  meters.onStarted(two, '0');
  clock.now += 1000;
  // The device died under both; one runs again on another one, the other is given up.
  meters.onStarted(one, '1');
  meters.onEnded(two, 'request', { ok: false, error: new AtomaError('device_died', 'no') });
  clock.now += 4000;
  const of = (device: string) => ({ device, model: 'm' });
  t.equal(await value(registry, 'atoma_device_job_seconds_total', of('0')), 3);
  t.equal(await value(registry, 'atoma_device_busy_seconds_total', of('0')), 2);
  t.equal(await value(registry, 'atoma_device_job_seconds_total', of('1')), 4, 'while it runs');
  clock.now += 1000;
  meters.onEnded(one, 'request', { ok: false, error: new AtomaError('cancelled', 'no') });
  clock.now += 1000;
  t.equal(await value(registry, 'atoma_device_busy_seconds_total', of('1')), 5);
});

t.test('names that clients think of make no series', async (t) => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 20 }),
      async (names) => {
        const { meters, registry } = jobMeters();
        const known = job('known');
        meters.onSubmitted(known);
        meters.onStarted(known, 'cpu');
        for (const [at, model] of names.entries()) {
          const one = job(String(at), model);
          meters.onSubmitted(one);
          meters.onEnded(one, 'request', { ok: false, error: new AtomaError('unknown_model', 'no') });
        }
        const { values } = (await registry.getSingleMetric('atoma_jobs_total')?.get()) ?? { values: [] };
        const models = new Set(values.map(({ labels }) => Reflect.get(labels, 'model')));
        return models.size <= 2 && [...models].every((model) => model === 'other' || model === 'm');
      },
    ),
    { numRuns: 50 },
  );
  t.pass('other, or a model that ran');
});

t.test(
  'a ticket is timed from its event to the commitment, over failed attempts and an early settlement',
  async (t) => {
    const registry = new Registry();
    const clock = { now: 1000 };
    const meters = new TicketMeters({ registry, now: () => clock.now });
    meters.onTicket('a', { kind: 'journalled', seenAtMs: 500 });
    clock.now = 2000;
    meters.onTicket('a', { kind: 'answered', completion: completion(1, 1, { prefillMs: 1, decodeMs: 0 }) });
    meters.onTicket('a', { kind: 'sending' });
    clock.now = 2500;
    const error = { code: 'chain_unavailable', message: '', fields: {} };
    meters.onTicket('a', { kind: 'sent', error });
    clock.now = 4000;
    meters.onTicket('a', { kind: 'sending' });
    meters.onTicket('a', { kind: 'settled' });
    clock.now = 4500;
    meters.onTicket('a', { kind: 'sent', error: undefined });
    meters.onTicket('a', { kind: 'committed', digest: undefined, late: false });
    t.equal(await value(registry, 'atoma_commitments_total', { result: 'chain_unavailable' }), 1);
    t.equal(await value(registry, 'atoma_commitments_total', { result: 'ok' }), 1);
    t.equal(await value(registry, 'atoma_commitment_duration_seconds_sum'), 1);
    t.equal(await value(registry, 'atoma_ticket_duration_seconds_sum'), 4);
    t.equal(await value(registry, 'atoma_ticket_duration_seconds_count'), 1);
    for (const stage of ['journalled', 'answered', 'settled', 'committed']) {
      t.equal(await value(registry, 'atoma_ticket_stages_total', { stage }), 1, stage);
    }
    t.equal(
      await value(registry, 'atoma_ticket_stages_total', { stage: 'failed' }),
      0,
      'shown from the start',
    );
  },
);
