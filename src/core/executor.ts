import type { Completion, TokenFrame } from './completion.js';
import type { RequestExtras } from './extras.js';
import type { PromptParams } from './prompt.js';

/** One run of a model. */
export interface Job {
  /** Unique while it runs: a ticket id or a request id. */
  readonly id: string;
  readonly params: PromptParams;
  /**
   * It is to give the same bits as every run with these params and the same numeric profile, whatever else runs:
   * on a model that is not batch-invariant it runs in a context of its own.
   */
  readonly reproducible: boolean;
  /** Answer tokens of an earlier run: this one ends at the first that differs, and tells where. */
  readonly expected?: readonly number[];
  /** Of a request; a ticket has none. */
  readonly extras?: RequestExtras;
}

export interface JobOptions {
  /** Stops the job between two tokens; `run` then rejects with `cancelled`. */
  readonly signal: AbortSignal;
  /** Called in order, in the main thread, with frames as they arrive from the worker. */
  readonly onTokens: (frame: TokenFrame) => void;
}

/** Something that runs jobs: a device process with the models it holds. */
export interface Executor {
  /** Device label, such as `cpu` or `0`. */
  readonly id: string;
  /**
   * How many jobs of this model it runs at once; 0 where it does not hold the model or is down. Those that run
   * exclusively come on top.
   */
  capacity(model: string): number;
  /**
   * How many reproducible jobs of this model it runs at once in contexts of their own, beside the others; undefined
   * (or no such method) where they share sequences with all jobs.
   */
  exclusiveCapacity?(model: string): number | undefined;
  /** Whether it is there for this model: it holds it, or is on its way back from a fault. */
  serves(model: string): boolean;
  /**
   * Runs a job. The caller keeps within `capacity`.
   * @throws AtomaError `cancelled`, `invalid_params`, `prompt_too_long`, `engine_failed`; for what its extras ask
   * `grammar_unsupported`, `embeddings_unsupported`; `device_died` where its process ended or hung under the job,
   * which can then be run again from the start; `model_unloaded` where its model was taken off under the job, which
   * another executor can run.
   */
  run(job: Job, options: JobOptions): Promise<Completion>;
}
