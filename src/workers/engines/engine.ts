import type { Completion, Job, PromptParams, TokenLogprob } from '../../core/index.js';
import type { LogitSourceOpener } from '../determinism/logit-source.js';
import type { EngineInfo } from '../protocol.js';

/** A completion before it is known which numeric profile it was made with. */
export type EngineCompletion = Omit<Completion, 'profile'>;

/** What a running generation asks of, and tells, its surroundings. */
export interface GenerationControl {
  /** Asked once a token; true ends the generation with the error `cancelled`. */
  isCancelled(): boolean;
  /**
   * Called for each generated token, in order; `text` holds the characters that it completed.
   * What was held back to the end comes last and without a token: bytes which are no whole character, or what might
   * have become a stop text.
   */
  onToken(index: number, token: number | undefined, text: string, logprob?: TokenLogprob): void;
}

/** How a prompt is to be run, besides its params. */
export type RunMode = Partial<Pick<Job, 'expected' | 'reproducible' | 'extras'>>;

/** A model on a device, with as many sequences as it was loaded for. */
export interface Engine extends LogitSourceOpener {
  readonly info: EngineInfo;
  /**
   * Runs one prompt; at most `sequences` at once, and one more that is reproducible after
   * {@link Engine.openExclusive}: others like it wait for that one.
   * @throws AtomaError `invalid_params`, `prompt_too_long` (`promptTokens`, `contextSize` in its fields),
   * `cancelled`, `engine_failed`, `grammar_unsupported`, `embeddings_unsupported`.
   */
  generate(params: PromptParams, control: GenerationControl, mode?: RunMode): Promise<EngineCompletion>;
  /**
   * From here on reproducible prompts run one at a time in a context of one sequence, apart from all others.
   * @throws AtomaError `model_load_failed` where there is no memory for it.
   */
  openExclusive(): Promise<void>;
  /**
   * How many tokens, of prompts and of answers, were handed to the device so far: it grows with every batch,
   * and stands still while jobs run only where a batch does not come back.
   */
  progress(): number;
  dispose(): Promise<void>;
}
