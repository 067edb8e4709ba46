import { AtomaError, type Completion, type Executor, type Job, type JobOptions } from '#src/core/index.js';
import { type Lane, Scheduler, type SchedulerOptions, type Timing } from '#src/scheduler/index.js';
import { PARAMS } from './prompt-params.js';

export const MODEL = 'm';
export const OPTIONS: SchedulerOptions = {
  maxQueuedRequests: 1000,
  maxQueuedTickets: 1000,
  maxRequestWaitMs: 500,
  maxRestartWaitMs: 60_000,
  ticketReserve: 0,
};

/** Lets every promise that can settle do so. */
export const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A job of `maxTokens` tokens; its prompt has as many bytes as tokens. */
export function jobOf(id: string, maxTokens = 1, model = MODEL): Job {
  return { id, params: { ...PARAMS, model, maxTokens: BigInt(maxTokens) }, reproducible: false };
}

/** Options of a submission nobody cancels. */
export const plain = () => ({ signal: new AbortController().signal, onTokens: () => undefined });

interface Timer {
  readonly atMs: number;
  readonly callback: () => void;
}

/** Time that passes only when it is told to. */
export class VirtualTime implements Timing {
  nowMs = 1_000_000;
  readonly #timers = new Set<Timer>();

  readonly now = (): number => this.nowMs;

  readonly after = (ms: number, callback: () => void): (() => void) => {
    const timer = { atMs: this.nowMs + ms, callback };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  };

  get pending(): number {
    return this.#timers.size;
  }

  /** Goes on to the next timer and runs it; false where there is none. */
  async step(): Promise<boolean> {
    await settled();
    let next: Timer | undefined;
    for (const timer of this.#timers) if (next === undefined || timer.atMs < next.atMs) next = timer;
    if (next === undefined) return false;
    this.#timers.delete(next);
    this.nowMs = Math.max(this.nowMs, next.atMs);
    next.callback();
    await settled();
    return true;
  }

  /** Runs timers until none is left. */
  async run(): Promise<void> {
    while (await this.step());
  }
}

interface SimulatedOptions {
  readonly id?: string;
  readonly capacity: number;
  /** Places for reproducible jobs, beside the others; undefined: they share. */
  readonly exclusive?: number;
  readonly time: VirtualTime;
  readonly model?: string;
  readonly msPerToken?: number;
  /** Jobs under which the device dies, half-way. */
  readonly killers?: ReadonlySet<string>;
  /** Jobs under which a device died: this one's are added. */
  readonly suspects?: Set<string>;
  /** How long it takes to come back, ms; undefined: never, it is quarantined. */
  readonly restartMs?: number;
  readonly onChange?: () => void;
}

interface Running {
  readonly stop: () => void;
  readonly reject: (error: unknown) => void;
  readonly reproducible: boolean;
}

/** A device in virtual time: a token takes `msPerToken`, and every job generates all its `maxTokens`. */
export class SimulatedExecutor implements Executor {
  readonly id: string;
  readonly started: string[] = [];
  readonly running = new Map<string, Running>();
  /** Most jobs at once. */
  most = 0;
  /** Most reproducible ones at once. */
  mostReproducible = 0;
  /** How often a job under which a device had died shared this one with another job. */
  sharedWithSuspect = 0;
  deaths = 0;
  /** It serves nothing, and never will again. */
  quarantined = false;
  readonly #options: SimulatedOptions;
  #up = true;

  constructor(options: SimulatedOptions) {
    this.#options = options;
    this.id = options.id ?? 'device';
  }

  capacity(model: string): number {
    return this.#up && this.serves(model) ? this.#options.capacity : 0;
  }

  exclusiveCapacity(model: string): number | undefined {
    const { exclusive } = this.#options;
    return exclusive === undefined ? undefined : Math.min(exclusive, this.capacity(model));
  }

  serves(model: string): boolean {
    return !this.quarantined && model === (this.#options.model ?? MODEL);
  }

  run(job: Job, { signal }: JobOptions): Promise<Completion> {
    const { time, msPerToken = 1, killers, suspects } = this.#options;
    if (this.#rivals(job) >= this.#roomFor(job)) throw new Error('more jobs than room');
    const tokens = Number(job.params.maxTokens);
    this.started.push(job.id);
    return new Promise((resolve, reject) => {
      const isKiller = killers?.has(job.id) === true;
      const stop = time.after(msPerToken * (isKiller ? tokens / 2 : tokens), () => {
        if (isKiller) {
          this.die();
          return;
        }
        this.running.delete(job.id);
        resolve(completionOf(tokens, msPerToken));
      });
      this.running.set(job.id, { stop, reject, reproducible: job.reproducible });
      this.most = Math.max(this.most, this.running.size);
      if (job.reproducible) this.mostReproducible = Math.max(this.mostReproducible, this.#rivals(job));
      const present = [...this.running.keys()];
      if (present.length > 1 && present.some((id) => suspects?.has(id))) this.sharedWithSuspect++;
      signal.addEventListener(
        'abort',
        () => {
          if (this.running.get(job.id)?.stop !== stop) return;
          this.running.delete(job.id);
          stop();
          reject(new AtomaError('cancelled', 'x'));
        },
        { once: true },
      );
    });
  }

  /** Its model is taken off, with no grace for the jobs that run. */
  unload(): void {
    this.quarantined = true;
    this.#endAll(new AtomaError('model_unloaded', 'the model was unloaded'));
    this.#options.onChange?.();
  }

  die(): void {
    const { time, restartMs, onChange, suspects } = this.#options;
    this.#up = false;
    this.deaths++;
    for (const id of this.running.keys()) suspects?.add(id);
    this.#endAll(new AtomaError('device_died', 'the process was killed'));
    if (restartMs === undefined) {
      this.quarantined = true;
      onChange?.();
      return;
    }
    time.after(restartMs, () => {
      this.#up = true;
      onChange?.();
    });
  }

  #roomFor({ params: { model }, reproducible }: Job): number {
    return (reproducible ? this.exclusiveCapacity(model) : undefined) ?? this.capacity(model);
  }

  /** How many jobs have the places that this one wants. */
  #rivals({ reproducible }: Job): number {
    const all = [...this.running.values()];
    const isApart = this.#options.exclusive !== undefined;
    return (isApart ? all.filter((other) => other.reproducible === reproducible) : all).length;
  }

  #endAll(error: AtomaError): void {
    const jobs = [...this.running.values()];
    this.running.clear();
    for (const { stop, reject } of jobs) {
      stop();
      reject(error);
    }
  }
}

/** An answer of so many tokens, as slow as they were. */
function completionOf(tokens: number, msPerToken: number): Completion {
  return {
    text: '',
    tokens: Array.from({ length: tokens }, () => 1),
    inputTokens: 1,
    promptTokens: [1],
    profile: 'p',
    finishReason: 'length',
    timings: { prefillMs: 0, decodeMs: msPerToken * Math.max(0, tokens - 1) },
  };
}

export const REQUEST: Lane = { kind: 'request' };
/** How a job ended: `done`, or the code of its error. */
export const code = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'done',
    (error: unknown) => (error instanceof AtomaError ? error.code : error),
  );

/** A scheduler with one device in virtual time. */
export function rig(
  capacity: number,
  changed: Partial<typeof OPTIONS> = {},
  device: { killers?: Set<string>; restartMs?: number } = {},
) {
  const time = new VirtualTime();
  const executor = new SimulatedExecutor({ capacity, time, ...device, onChange: () => scheduler.refresh() });
  const scheduler = new Scheduler({ ...OPTIONS, ...changed }, { executors: [executor], timing: time });
  const submit = (id: string, lane: Lane, tokens = 100, signal = new AbortController().signal) =>
    scheduler.submit(jobOf(id, tokens), lane, { signal, onTokens: () => undefined });
  const ticket = (inMs: number): Lane => ({ kind: 'ticket', deadlineMs: time.nowMs + inMs });
  /** Runs one job, from which the model's speed is learnt: 1 ms a token, every answer as long as it may be. */
  const measure = async () => {
    const done = submit('measured', ticket(1e6), 100);
    await time.run();
    await done;
    executor.started.length = 0;
  };
  return { time, executor, scheduler, submit, ticket, measure };
}
