import type { ModelConfig } from '../config/index.js';
import { AtomaError, type ErrorData, toErrorData } from '../core/index.js';
import type { Device } from '../workers/index.js';
import type { ModelProgress } from './model-progress.js';

/** A model that is not where it was to be, and why. */
export interface FailedModel {
  readonly name: string;
  readonly device: string;
  readonly error: ErrorData;
}

/** A model on one device, from the wish to have it there until its memory was given back. */
export class Placement {
  readonly request: ModelConfig;
  /** Its label. */
  readonly device: string;
  /** Ends what brings it there. */
  readonly abort = new AbortController();
  /** Last news of its way; undefined before there are any. */
  progress: ModelProgress | undefined;
  /** Where it is, or is being loaded. */
  on: Device | undefined;
  isServing = false;
  isLeaving = false;
  /** Settles when it is there, or will not be; never rejects. */
  settled: Promise<unknown> = Promise.resolve();

  constructor(request: ModelConfig, device: string) {
    this.request = request;
    this.device = device;
  }

  get name(): string {
    return this.request.name;
  }

  /** It was there, and its device could not load it again after a death. */
  get isLost(): boolean {
    return this.on?.failures.some(({ name }) => name === this.name) === true;
  }

  /** Ends what brings it there, with `cancelled`. */
  giveUp(): void {
    this.abort.abort(notWanted(this.name));
  }

  /** @throws AtomaError `cancelled` where somebody does not want it any more. */
  checkWanted(): void {
    if (this.abort.signal.aborted) throw notWanted(this.name);
  }
}

/** How the load of a model ends that was unloaded, or whose node stops, before it was through. */
function notWanted(name: string): AtomaError {
  return new AtomaError('cancelled', `the load of the model ${name} was ended`, { fields: { model: name } });
}

/** @param error what its load ended with */
export function failureOf(name: string, device: string, error: unknown): FailedModel {
  return { name, device, error: toErrorData(error) };
}

/**
 * Refuses a model whose name another one has: on the same device, or on another one if it would answer
 * differently there.
 * @throws AtomaError `model_exists`
 */
export function checkPlace(request: ModelConfig, device: string, placements: Iterable<Placement>): void {
  for (const other of placements) {
    if (other.name !== request.name || other.isLost) continue;
    const exists = (problem: string): AtomaError =>
      new AtomaError('model_exists', `${problem}; unload it first, or give this one another name`, {
        fields: { model: request.name, device: other.device },
      });
    if (other.device === device) {
      const state = other.isLeaving
        ? 'is being unloaded from'
        : other.isServing
          ? 'is on'
          : 'is on its way to';
      throw exists(`a model of the name ${request.name} ${state} device ${device}`);
    }
    const keys = ['modelType', 'precision', 'revision', 'useFlashAttention', 'backend'] as const;
    const differs = keys.find((key) => request[key] !== other.request[key]);
    if (differs !== undefined) {
      throw exists(
        `another model has the name ${request.name} on device ${other.device} (${differs} differs)`,
      );
    }
  }
}
