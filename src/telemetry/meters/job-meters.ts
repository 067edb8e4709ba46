import { Counter, Histogram, type Registry } from 'prom-client';
import { type Completion, type Job, type JobEnd, type JobObserver, toErrorData } from '../../core/index.js';
import { TOKEN_SECONDS, WAIT_SECONDS } from './buckets.js';
import type { ModelLabels } from './model-labels.js';
import { Occupancy } from './occupancy.js';

type Lane = 'ticket' | 'request';

interface RunningJob {
  readonly submittedAtMs: number;
  /** The device that runs it; undefined while it waits. */
  executor: string | undefined;
}

interface Modules {
  readonly registry: Registry;
  readonly models: ModelLabels;
  /** ms, of a clock that only goes forward. */
  readonly now: () => number;
}

/** Jobs of the scheduler: told of their start and end, so that a token costs nothing. */
export class JobMeters implements JobObserver {
  readonly #now: () => number;
  readonly #models: ModelLabels;
  readonly #occupancy: Occupancy;
  readonly #running = new Map<string, RunningJob>();
  readonly #meters: ReturnType<typeof register>;

  constructor(modules: Modules) {
    this.#now = modules.now;
    this.#models = modules.models;
    this.#occupancy = new Occupancy(modules);
    this.#meters = register(modules.registry);
  }

  onSubmitted(job: Job): void {
    this.#running.set(job.id, { submittedAtMs: this.#now(), executor: undefined });
  }

  onStarted(job: Job, executor: string): void {
    const { model } = job.params;
    this.#models.add(model);
    const running = this.#running.get(job.id);
    if (running === undefined) return;
    this.#leave(running, model);
    running.executor = executor;
    this.#occupancy.began(executor, model);
  }

  onEnded(job: Job, lane: Lane, end: JobEnd): void {
    const model = this.#models.of(job.params.model);
    const running = this.#running.get(job.id);
    this.#running.delete(job.id);
    if (running !== undefined) this.#leave(running, job.params.model);
    this.#meters.jobs.inc({ model, lane, code: end.ok ? 'ok' : toErrorData(end.error).code });
    if (!end.ok) return;
    this.#meters.queueWait.observe({ lane }, end.queuedMs / 1000);
    const sinceSubmittedMs = running === undefined ? undefined : this.#now() - running.submittedAtMs;
    this.#completed(end.completion, { model, lane }, sinceSubmittedMs);
  }

  /** A device that died under the job does not run it any more, either. */
  #leave(running: RunningJob, model: string): void {
    if (running.executor !== undefined) this.#occupancy.ended(running.executor, model);
    running.executor = undefined;
  }

  #completed(
    { tokens, inputTokens, timings }: Completion,
    labels: { readonly model: string; readonly lane: Lane },
    sinceSubmittedMs: number | undefined,
  ): void {
    const meters = this.#meters;
    const { model } = labels;
    const { prefillMs, decodeMs } = timings;
    meters.tokens.inc({ ...labels, kind: 'prompt' }, inputTokens);
    meters.tokens.inc({ ...labels, kind: 'output' }, tokens.length);
    meters.prefillTokens.inc({ model }, inputTokens);
    meters.prefillSeconds.inc({ model }, prefillMs / 1000);
    if (tokens.length === 0) return;
    if (sinceSubmittedMs !== undefined) {
      meters.firstToken.observe(labels, Math.max(0, sinceSubmittedMs - decodeMs) / 1000);
    }
    const decoded = tokens.length - 1;
    if (decoded === 0) return;
    meters.decodeTokens.inc({ model }, decoded);
    meters.decodeSeconds.inc({ model }, decodeMs / 1000);
    meters.betweenTokens.observe(labels, decodeMs / 1000 / decoded);
  }
}

function register(registry: Registry) {
  const registers = [registry];
  return {
    jobs: new Counter({
      name: 'atoma_jobs_total',
      help: 'Jobs that ended, by how: ok, or the code of their error. Models that no device ever ran count as other.',
      labelNames: ['model', 'lane', 'code'] as const,
      registers,
    }),
    queueWait: new Histogram({
      name: 'atoma_queue_wait_seconds',
      help: 'Time that jobs waited for a sequence before they ran, all waits together, of those that ended well.',
      labelNames: ['lane'] as const,
      buckets: WAIT_SECONDS,
      registers,
    }),
    firstToken: new Histogram({
      name: 'atoma_time_to_first_token_seconds',
      help: 'Time from the submission of a job to its first token: its whole time less that of the tokens after the first. Jobs without a token are left out.',
      labelNames: ['model', 'lane'] as const,
      buckets: WAIT_SECONDS,
      registers,
    }),
    betweenTokens: new Histogram({
      name: 'atoma_inter_token_seconds',
      help: 'Mean time between the tokens of a job as measured in its worker, one observation a job of two tokens or more. The mean over tokens is the rate of atoma_decode_seconds_total divided by that of atoma_decode_tokens_total.',
      labelNames: ['model', 'lane'] as const,
      buckets: TOKEN_SECONDS,
      registers,
    }),
    tokens: new Counter({
      name: 'atoma_tokens_total',
      help: 'Tokens of jobs that ended well, by kind: prompt or output.',
      labelNames: ['model', 'lane', 'kind'] as const,
      registers,
    }),
    prefillTokens: new Counter({
      name: 'atoma_prefill_tokens_total',
      help: 'Prompt tokens of jobs that ended well; its rate divided by that of atoma_prefill_seconds_total is the speed of a prompt.',
      labelNames: ['model'] as const,
      registers,
    }),
    prefillSeconds: new Counter({
      name: 'atoma_prefill_seconds_total',
      help: 'Time from the start of jobs in their workers to the first token, added up over jobs, which share batches.',
      labelNames: ['model'] as const,
      registers,
    }),
    decodeTokens: new Counter({
      name: 'atoma_decode_tokens_total',
      help: 'Output tokens after the first of jobs that ended well; its rate divided by that of atoma_decode_seconds_total is the speed of a stream.',
      labelNames: ['model'] as const,
      registers,
    }),
    decodeSeconds: new Counter({
      name: 'atoma_decode_seconds_total',
      help: 'Time from the first token of jobs to the last, added up over jobs, which share batches.',
      labelNames: ['model'] as const,
      registers,
    }),
  };
}
