import { AtomaError, type ErrorData, type ModelInfo, toErrorData } from '../core/index.js';
import { runsExclusively } from './determinism/finding.js';
import type { LoadProgress } from './pending-models.js';
import type { ModelSpec } from './protocol.js';

/** A model that a device held and could not load again. */
export interface ModelFailure {
  readonly name: string;
  readonly error: ErrorData;
}

/** A model that a device is to hold, from its first load to its unload, over all lives of the process. */
export class HeldModel {
  readonly spec: ModelSpec;
  readonly onProgress: LoadProgress;
  /** Settles with its first load. */
  readonly loaded: Promise<ModelInfo>;
  /** Of the process that has it, or had it last. */
  info: ModelInfo | undefined;
  /** `waiting` to be loaded by the process that runs, or by the next one. */
  state: 'waiting' | 'loading' | 'serving' = 'waiting';
  /** It is being unloaded, and gets no more jobs. */
  isLeaving = false;
  /** Processes in a row that died while they loaded it. */
  loadDeaths = 0;
  /** Why its load failed in the process that runs. */
  error: AtomaError | undefined;
  /** Settles with the load that goes on; never rejects. */
  loading: Promise<void> = Promise.resolve();
  readonly resolve: (info: ModelInfo) => void;
  readonly reject: (error: AtomaError) => void;

  constructor(spec: ModelSpec, onProgress: LoadProgress) {
    this.spec = spec;
    this.onProgress = onProgress;
    let settle: Pick<HeldModel, 'resolve' | 'reject'> | undefined;
    this.loaded = new Promise((resolve, reject) => {
      settle = { resolve, reject };
    });
    // Without a reader where its second load fails.
    this.loaded.catch(() => undefined);
    this.resolve = (info) => settle?.resolve(info);
    this.reject = (error) => settle?.reject(error);
  }

  get name(): string {
    return this.spec.name;
  }

  /** The process that runs has it. */
  served(info: ModelInfo): void {
    this.info = info;
    this.state = 'serving';
    this.loadDeaths = 0;
    this.resolve(info);
  }

  /** The process that runs could not load it. */
  failed(error: AtomaError): void {
    this.state = 'waiting';
    this.error = error;
  }

  /** Jobs it can run at once. */
  get capacity(): number {
    if (this.state !== 'serving' || this.isLeaving || this.info === undefined) return 0;
    return this.info.workers * this.info.sequencesPerWorker;
  }

  /** See {@link Executor.exclusiveCapacity}. */
  get exclusiveCapacity(): number | undefined {
    if (this.info === undefined || !runsExclusively(this.info)) return undefined;
    return this.capacity === 0 ? 0 : this.info.workers;
  }
}

/** The models that a device is to hold. */
export class HeldModels {
  readonly #held = new Map<string, HeldModel>();
  readonly #failures = new Map<string, ModelFailure>();

  /** Models that were loaded once, in the order in which they came. */
  get infos(): readonly ModelInfo[] {
    return [...this.#held.values()].flatMap(({ info }) => info ?? []);
  }

  get failures(): readonly ModelFailure[] {
    return [...this.#failures.values()];
  }

  /** One that failed before gets another try. */
  add(spec: ModelSpec, onProgress: LoadProgress): HeldModel {
    if (this.#held.has(spec.name)) {
      throw new AtomaError('model_exists', `the device holds a model of the name ${spec.name} already`, {
        fields: { model: spec.name },
      });
    }
    const held = new HeldModel(spec, onProgress);
    this.#failures.delete(spec.name);
    this.#held.set(spec.name, held);
    return held;
  }

  get(name: string): HeldModel | undefined {
    return this.#held.get(name);
  }

  remove(held: HeldModel): void {
    if (this.#held.get(held.name) === held) this.#held.delete(held.name);
  }

  /** False where nothing of this name had failed. */
  forgetFailure(name: string): boolean {
    return this.#failures.delete(name);
  }

  /** The next to be loaded: those that jobs may wait for go first. */
  next(): HeldModel | undefined {
    const waiting = [...this.#held.values()].filter(isWaiting);
    return waiting.find(({ info }) => info !== undefined) ?? waiting[0];
  }

  /** Whether one that was loaded before is still to be loaded again. */
  get isRestoring(): boolean {
    return [...this.#held.values()].some(
      (held) => held.info !== undefined && (isWaiting(held) || held.state === 'loading') && !held.isLeaving,
    );
  }

  get isServing(): boolean {
    return [...this.#held.values()].some(({ state }) => state === 'serving');
  }

  /** The process is gone: whatever it held waits for the next one. */
  lost(): void {
    for (const held of this.#held.values()) {
      if (held.state === 'loading') held.loadDeaths++;
      held.state = 'waiting';
      held.error = undefined;
    }
  }

  /** Those under whose load so many processes died in a row, where the device has others to serve. */
  killers(maxDeaths: number): readonly HeldModel[] {
    const staying = [...this.#held.values()].filter(({ isLeaving }) => !isLeaving);
    return staying.length < 2 ? [] : staying.filter(({ loadDeaths }) => loadDeaths >= maxDeaths);
  }

  /** Gives a model up that did not load; one that served before is kept among the failures. */
  fail(held: HeldModel, error: AtomaError): void {
    this.remove(held);
    if (held.info !== undefined && !held.isLeaving) {
      this.#failures.set(held.name, { name: held.name, error: toErrorData(error) });
    }
    held.reject(error);
  }

  /** Those whose load failed in the process that runs. */
  get failed(): readonly { readonly held: HeldModel; readonly error: AtomaError }[] {
    return [...this.#held.values()].flatMap((held) =>
      held.error === undefined ? [] : { held, error: held.error },
    );
  }

  /** Gives up those that were never loaded. */
  failNewcomers(error: AtomaError): void {
    for (const held of this.#held.values()) if (held.info === undefined) this.fail(held, error);
  }

  /** Forgets everything; loads that are waited for end with `error`. */
  clear(error: AtomaError): void {
    for (const held of this.#held.values()) held.reject(error);
    this.#held.clear();
    this.#failures.clear();
  }
}

function isWaiting({ state, isLeaving, error }: HeldModel): boolean {
  return state === 'waiting' && !isLeaving && error === undefined;
}
