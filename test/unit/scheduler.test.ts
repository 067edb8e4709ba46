import fc from 'fast-check';
import t from 'tap';
import { AtomaError, type Completion, type Executor, type Job } from '#src/core/index.js';
import { Scheduler } from '#src/scheduler/index.js';
import { PARAMS } from './prompt-params.js';

const COMPLETION: Completion = {
  text: '',
  tokens: [],
  inputTokens: 1,
  finishReason: 'stop',
  timings: { prefillMs: 0, decodeMs: 0 },
};

/** An executor whose jobs end when the test says so. */
class HeldExecutor implements Executor {
  readonly id = 'held';
  readonly started: string[] = [];
  readonly #ends = new Map<string, { resolve: (c: Completion) => void; reject: (e: unknown) => void }>();
  most = 0;

  constructor(readonly room: number) {}

  capacity(model: string): number {
    return model === 'm' ? this.room : 0;
  }

  run(job: Job): Promise<Completion> {
    this.started.push(job.id);
    return new Promise((resolve, reject) => {
      this.#ends.set(job.id, { resolve, reject });
      this.most = Math.max(this.most, this.#ends.size);
    });
  }

  end(id: string, error?: unknown): void {
    const end = this.#ends.get(id);
    this.#ends.delete(id);
    if (error === undefined) end?.resolve(COMPLETION);
    else end?.reject(error);
  }

  get running(): string[] {
    return [...this.#ends.keys()];
  }
}

const options = (signal = new AbortController().signal) => ({ signal, onTokens: () => undefined });
const job = (id: string, model = 'm'): Job => ({ id, params: { ...PARAMS, model } });
const LIMITS = { maxQueuedRequests: 4, maxQueuedTickets: 1000 };

async function drain(executor: HeldExecutor, all: Promise<unknown>[]): Promise<void> {
  const over = Promise.allSettled(all).then(() => true);
  while (!(await Promise.race([over, new Promise<false>((r) => setImmediate(() => r(false)))]))) {
    const [first] = executor.running;
    if (first !== undefined) executor.end(first);
  }
}

t.test('tickets go before requests, the earliest deadline first', async (t) => {
  const executor = new HeldExecutor(1);
  const scheduler = new Scheduler(LIMITS, { executors: [executor] });
  const all = [
    scheduler.submit(job('first'), { kind: 'request' }, options()),
    scheduler.submit(job('request'), { kind: 'request' }, options()),
    scheduler.submit(job('late'), { kind: 'ticket', deadlineMs: 2000 }, options()),
    scheduler.submit(job('soon'), { kind: 'ticket', deadlineMs: 1000 }, options()),
    scheduler.submit(job('soon too'), { kind: 'ticket', deadlineMs: 1000 }, options()),
  ];
  await drain(executor, all);
  t.strictSame(executor.started, ['first', 'soon', 'soon too', 'late', 'request']);
});

t.test('never more at once than the executor has room for, and every job ends once', async (t) => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 5 }),
      fc.array(fc.record({ ticket: fc.boolean(), deadlineMs: fc.nat(), fails: fc.boolean() }), {
        maxLength: 30,
      }),
      async (room, jobs) => {
        const executor = new HeldExecutor(room);
        const scheduler = new Scheduler(
          { maxQueuedRequests: 100, maxQueuedTickets: 100 },
          { executors: [executor] },
        );
        const all = jobs.map(({ ticket, deadlineMs }, index) =>
          scheduler.submit(
            job(String(index)),
            ticket ? { kind: 'ticket', deadlineMs } : { kind: 'request' },
            options(),
          ),
        );
        const settled = Promise.allSettled(all);
        let over = false;
        void settled.then(() => {
          over = true;
        });
        while (!over) {
          const [id] = executor.running;
          if (id !== undefined)
            executor.end(id, jobs[Number(id)]?.fails ? new AtomaError('engine_failed', 'x') : undefined);
          await new Promise((resolve) => setImmediate(resolve));
        }
        const outcomes = await settled;
        return (
          executor.most <= room &&
          executor.started.length === jobs.length &&
          outcomes.every(({ status }, index) => status === (jobs[index]?.fails ? 'rejected' : 'fulfilled')) &&
          scheduler.status().running === 0 &&
          scheduler.status().waiting === 0
        );
      },
    ),
    { numRuns: 50 },
  );
  t.pass();
});

t.test('a full queue refuses requests and says when to come back, tickets still get in', async (t) => {
  const executor = new HeldExecutor(1);
  const scheduler = new Scheduler(LIMITS, { executors: [executor] });
  const all = Array.from({ length: 5 }, (_, n) =>
    scheduler.submit(job(`r${n}`), { kind: 'request' }, options()),
  );
  const refusal = await scheduler
    .submit(job('r5'), { kind: 'request' }, options())
    .catch((error: unknown) => error);
  t.match(refusal, { code: 'busy', fields: { retryAfterMs: Number } });
  all.push(scheduler.submit(job('ticket'), { kind: 'ticket', deadlineMs: 1 }, options()));
  await drain(executor, all);
  t.equal(executor.started[1], 'ticket');
});

t.test('a job that is cancelled while it waits never starts', async (t) => {
  const executor = new HeldExecutor(1);
  const scheduler = new Scheduler(LIMITS, { executors: [executor] });
  const first = scheduler.submit(job('a'), { kind: 'request' }, options());
  const abort = new AbortController();
  const second = scheduler.submit(job('b'), { kind: 'request' }, options(abort.signal));
  abort.abort();
  await t.rejects(second, { code: 'cancelled' });
  await drain(executor, [first]);
  t.strictSame(executor.started, ['a']);
});

t.test('a model that nobody serves is refused by name', async (t) => {
  const scheduler = new Scheduler(LIMITS, { executors: [new HeldExecutor(1)] });
  await t.rejects(scheduler.submit(job('a', 'other'), { kind: 'request' }, options()), {
    code: 'unknown_model',
    message: /other/,
  });
});
