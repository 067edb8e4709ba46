import type { Context } from '@opentelemetry/api';
import { AtomaError, type Completion, type Job, type JobEnd, type JobObserver } from '../../core/index.js';
import { ATTR, completionAttributes, jobAttributes, jobName } from './attributes.js';
import type { OpenSpan, Spans } from './spans.js';

interface JobSpan {
  readonly parent: Context | undefined;
  readonly queue: OpenSpan;
  run: OpenSpan | undefined;
}

interface Modules {
  readonly spans: Spans;
  /** What a job that is submitted now belongs to; undefined where nothing is known of it. */
  readonly parentOf: (job: Job, lane: 'ticket' | 'request') => Context | undefined;
}

/** A span for a job's wait in the queue, and one for each run, in which prefill and decode lie. */
export class JobSpans implements JobObserver {
  readonly #modules: Modules;
  readonly #jobs = new Map<string, JobSpan>();

  constructor(modules: Modules) {
    this.#modules = modules;
  }

  onSubmitted(job: Job, lane: 'ticket' | 'request'): void {
    const { spans, parentOf } = this.#modules;
    const parent = parentOf(job, lane);
    const id = lane === 'ticket' ? ATTR.ticketId : ATTR.requestId;
    const queue = spans.begin('queue', { parent, attributes: { [id]: job.id, 'atoma.lane': lane } });
    this.#jobs.set(job.id, { parent, queue, run: undefined });
  }

  onStarted(job: Job, executor: string, queuedMs: number): void {
    const { spans } = this.#modules;
    const known = this.#jobs.get(job.id);
    if (known === undefined) return;
    if (known.run === undefined) spans.end(known.queue);
    else spans.fail(known.run, new AtomaError('device_died', 'the device died under the run'));
    const attributes = {
      ...jobAttributes(job),
      [ATTR.device]: executor,
      'atoma.queued_ms': queuedMs,
    };
    known.run = spans.begin(jobName(job), { parent: known.parent, attributes });
  }

  onEnded(job: Job, _lane: 'ticket' | 'request', end: JobEnd): void {
    const { spans } = this.#modules;
    const known = this.#jobs.get(job.id);
    if (known === undefined) return;
    this.#jobs.delete(job.id);
    const { queue, run = queue } = known;
    if (end.ok) {
      this.#addPhases(run, end.completion);
      spans.end(run, completionAttributes(end.completion));
    } else spans.fail(run, end.error);
  }

  /** As the worker measured them; what is before and after is the way there and back. */
  #addPhases(run: OpenSpan, { timings }: Completion): void {
    const { spans } = this.#modules;
    const endMs = spans.now();
    const firstTokenMs = Math.max(run.startedAtMs, endMs - timings.decodeMs);
    const startMs = Math.max(run.startedAtMs, firstTokenMs - timings.prefillMs);
    spans.add('prefill', { parent: run.context, startMs }, firstTokenMs);
    spans.add('decode', { parent: run.context, startMs: firstTokenMs }, endMs);
  }
}
