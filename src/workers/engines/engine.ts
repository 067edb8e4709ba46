import type { Completion, Job, PromptParams } from '../../core/index.js';
import type { EngineInfo } from '../protocol.js';

/** A completion before it is known which numeric profile it was made with. */
export type EngineCompletion = Omit<Completion, 'profile'>;

/** What a running generation asks of, and tells, its surroundings. */
export interface GenerationControl {
  /** Asked once a token; true ends the generation with the error `cancelled`. */
  isCancelled(): boolean;
  /**
   * Called for each generated token, in order; `text` holds the characters that it completed.
   * Bytes left over at the end, which are no whole character, come last and without a token.
   */
  onToken(index: number, token: number | undefined, text: string): void;
}

/** How a prompt is to be run, besides its params. */
export type RunMode = Partial<Pick<Job, 'expected'>>;

/** A model on a device, with as many sequences as it was loaded for. */
export interface Engine {
  readonly info: EngineInfo;
  /**
   * Runs one prompt; at most `sequences` at once.
   * @throws AtomaError `invalid_params`, `prompt_too_long` (`promptTokens`, `contextSize` in its fields),
   * `cancelled`, `engine_failed`.
   */
  generate(params: PromptParams, control: GenerationControl, mode?: RunMode): Promise<EngineCompletion>;
  /**
   * How many tokens, of prompts and of answers, were handed to the device so far: it grows with every batch,
   * and stands still while jobs run only where a batch does not come back.
   */
  progress(): number;
  dispose(): Promise<void>;
}
