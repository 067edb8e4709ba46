import type { GpuChoice } from '../workers/index.js';
import type { ChainSideOptions } from './chain-side.js';
import type { ModelProgress } from './model-progress.js';

/** What an operator may add to the configuration for one run. */
export interface NodeOptions {
  /** Go on where the chain's endpoint has thrown events away that were still to be read. */
  readonly acceptGap: boolean;
  /** Folder of the locks that keep a second node with the same badge out of this machine. */
  readonly lockDir: string;
  /** Serve RPC beyond this machine although there is no key. */
  readonly insecure?: boolean;
  /** What llama.cpp is to reach GPUs through; undefined for the best that works. */
  readonly gpu?: GpuChoice;
  /** See {@link ChainSideOptions.alterAnswer}. */
  readonly alterAnswer?: ChainSideOptions['alterAnswer'];
  /** For tests: how the journal is opened besides. */
  readonly journal?: NonNullable<ChainSideOptions['journal']>;
}

/** Called once when a running node can go on no longer. */
export type FatalHandler = (error: unknown) => void;

export interface StartOptions {
  /** Told how far each model is. */
  readonly onProgress: (progress: ModelProgress) => void;
  readonly onFatal: FatalHandler;
}
