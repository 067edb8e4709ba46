import type { ModelSource, ModelWeights, WeightsFormat } from '../core/index.js';
import { resolveModelFile } from './resolve.js';

/** A model as the configuration names it. */
export interface ModelReference {
  /** What prompts call it. */
  readonly name: string;
  /** A short name of the network, `owner/name` or `owner/name:file` of a hub, or an absolute path. */
  readonly modelType: string;
  /** `q8_0`, `f16`, …: chooses among the files that there are, without regard to case. */
  readonly precision: string;
  /** Branch, tag or commit of a hub's repository. */
  readonly revision: string;
}

/** Weights that are here, and where they came from. */
export interface ObtainedModel {
  readonly weights: ModelWeights;
  /** undefined for a local path. */
  readonly source: ModelSource | undefined;
}

/** How far the download of a model is, over all of its files. */
export interface DownloadProgress {
  readonly doneBytes: number;
  readonly totalBytes: number;
  /** Of the last seconds; 0 before there is a measurement. */
  readonly bytesPerSecond: number;
}

export interface ObtainOptions {
  readonly signal: AbortSignal;
  readonly onProgress: (progress: DownloadProgress) => void;
}

export interface ModelStoreOptions {
  /** In the layout of the hub's own tools, which can share it. */
  readonly cacheDir: string;
  /** Bearer token for the hub. */
  readonly apiKey: string | undefined;
}

/** The models of this machine: finds weights by name, and downloads what is not here. */
export class ModelStore {
  constructor(readonly options: ModelStoreOptions) {}

  /**
   * Refuses what can be told from the name alone.
   * @throws AtomaError `model_unsupported` for a modality that cannot be run; `model_not_known` for a name
   * that is no short name, no repository and no path, saying which is near.
   */
  check(_reference: ModelReference): void {}

  /**
   * The model's weights in the first of the formats that there is, downloaded where they are not here yet.
   * With all of them here no request is made.
   * @param formats in order of preference
   * @throws AtomaError as {@link ModelStore.check}; `model_not_found` saying what there is.
   */
  async obtain(
    reference: ModelReference,
    _formats: readonly WeightsFormat[],
    _options: ObtainOptions,
  ): Promise<ObtainedModel> {
    const file = await resolveModelFile(reference);
    return { weights: { format: 'gguf', file, bytes: 0 }, source: undefined };
  }

  /** As {@link ModelStore.obtain}, of what is here alone: undefined where something had to be downloaded. */
  async find(
    reference: ModelReference,
    _formats: readonly WeightsFormat[],
  ): Promise<ObtainedModel | undefined> {
    const file = await resolveModelFile(reference);
    return { weights: { format: 'gguf', file, bytes: 0 }, source: undefined };
  }

  /** Throws downloads away that no other program shares; nothing uses them any more. */
  async flush(): Promise<void> {}
}
