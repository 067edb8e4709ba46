import { AtomaError, type FinishReason, type PromptParams } from '../../core/index.js';
import type { EngineCompletion, GenerationControl } from './engine.js';
import { ExpectedTokens, type ScoredToken } from './expected-tokens.js';
import { TextAssembler, type TokenPiece } from './tokens/token-text.js';

/** A prompt on its way through an engine. */
export interface Run {
  readonly params: PromptParams;
  readonly control: GenerationControl;
  /** The prompt's tokens, shorter than the context. */
  readonly input: readonly number[];
  readonly contextSize: number;
  /** See {@link Job.expected}. */
  readonly expected: readonly number[] | undefined;
  /** `performance.now()` at the start of the job in its worker, ms. */
  readonly startedAt: number;
}

/** What an engine gives for one run. */
export interface TokenSource {
  /** The prompt's tokens and those generated; each token is added here before the next one is asked for. */
  readonly history: number[];
  /** Begins to generate; ends by itself before a token that ends the answer. */
  tokens(): AsyncIterable<number>;
  /** The same tokens, each with the distribution it was chosen from, and the end as one of them: slower. */
  scored(): AsyncIterable<ScoredToken>;
  /** What a token stands for. */
  piece(token: number): TokenPiece | Promise<TokenPiece>;
}

/**
 * Takes tokens from an engine until the answer is complete, or leaves what was expected, and makes text of them.
 * @throws AtomaError `cancelled`, and whatever the engine throws.
 */
export async function complete(run: Run, source: TokenSource): Promise<EngineCompletion> {
  const { params, control, input, startedAt } = run;
  const room = run.contextSize - input.length;
  const limit = params.maxTokens < BigInt(room) ? Number(params.maxTokens) : room;
  const full: FinishReason = params.maxTokens > BigInt(room) ? 'context' : 'length';
  const { history } = source;
  const expected = run.expected && new ExpectedTokens(run.expected);
  const tokens: number[] = [];
  const assembler = new TextAssembler();
  let text = '';
  let firstAt = 0;
  let finishReason: FinishReason = full;
  if (limit > 0) {
    finishReason = 'stop';
    for await (const token of expected?.agreeing(source.scored()) ?? source.tokens()) {
      if (firstAt === 0) firstAt = performance.now();
      if (control.isCancelled()) throw new AtomaError('cancelled', 'the job was cancelled');
      history.push(token);
      const index = tokens.push(token) - 1;
      const known = source.piece(token);
      const written = assembler.push(known instanceof Promise ? await known : known);
      text += written;
      control.onToken(index, token, written);
      if (tokens.length >= limit) {
        finishReason = full;
        break;
      }
    }
  }
  const endedAt = performance.now();
  if (firstAt === 0) firstAt = endedAt;
  const rest = assembler.end();
  text += rest;
  if (rest !== '') control.onToken(tokens.length, undefined, rest);
  const divergence = expected?.divergence(finishReason !== 'stop');
  return {
    text,
    tokens,
    inputTokens: input.length,
    promptTokens: input,
    finishReason,
    timings: { prefillMs: firstAt - startedAt, decodeMs: endedAt - firstAt },
    ...(divergence !== undefined && { divergence }),
  };
}
