import {
  AtomaError,
  type Divergence,
  type FinishReason,
  type PromptParams,
  type RequestExtras,
} from '../../core/index.js';
import { AnswerLogprobs } from './answer/answer-logprobs.js';
import { stopTexts } from './answer/stop-texts.js';
import type { EngineCompletion, GenerationControl } from './engine.js';
import { ExpectedTokens, type ScoredToken, type TokenDivergence } from './expected-tokens.js';
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
  /** See {@link Job.extras}. */
  readonly extras: RequestExtras | undefined;
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
  /** Tokens are below it. */
  readonly vocabularySize: number;
}

/**
 * Takes tokens from an engine until the answer is complete, or leaves what was expected, and makes text of them.
 * @throws AtomaError `cancelled`, `invalid_params`, and whatever the engine throws.
 */
export async function complete(run: Run, source: TokenSource): Promise<EngineCompletion> {
  const { params, control, input, extras, startedAt } = run;
  const room = run.contextSize - input.length;
  const limit = params.maxTokens < BigInt(room) ? Number(params.maxTokens) : room;
  const full: FinishReason = params.maxTokens > BigInt(room) ? 'context' : 'length';
  const { history } = source;
  const expected = run.expected && new ExpectedTokens(run.expected);
  const logprobs = logprobsOf(extras, source);
  const stops = stopTexts(extras?.stop);
  const tokens: number[] = [];
  const assembler = new TextAssembler();
  let text = '';
  let firstAt = 0;
  let finishReason: FinishReason = full;
  if (limit > 0) {
    finishReason = 'stop';
    const chosen = expected?.agreeing(source.scored()) ?? logprobs?.recording(source.scored());
    for await (const token of chosen ?? source.tokens()) {
      if (firstAt === 0) firstAt = performance.now();
      if (control.isCancelled()) throw new AtomaError('cancelled', 'the job was cancelled');
      history.push(token);
      const index = tokens.push(token) - 1;
      const known = source.piece(token);
      const completed = assembler.push(known instanceof Promise ? await known : known);
      const written = stops === undefined ? completed : stops.push(completed);
      text += written;
      control.onToken(index, token, written, logprobs?.entries[index]);
      if (stops?.found !== undefined) break;
      if (tokens.length >= limit) {
        finishReason = full;
        break;
      }
    }
  }
  const endedAt = performance.now();
  if (firstAt === 0) firstAt = endedAt;
  const left = assembler.end();
  const rest = stops === undefined ? left : stops.end(left);
  if (stops?.found !== undefined) finishReason = 'stop';
  text += rest;
  if (rest !== '') control.onToken(tokens.length, undefined, rest);
  const divergence = await withTexts(expected?.divergence(finishReason !== 'stop'), source);
  return {
    text,
    tokens,
    inputTokens: input.length,
    promptTokens: input,
    finishReason,
    timings: { prefillMs: firstAt - startedAt, decodeMs: endedAt - firstAt },
    ...(divergence !== undefined && { divergence }),
    ...(logprobs !== undefined && { logprobs: logprobs.entries }),
    ...(stops?.found !== undefined && { stopText: stops.found }),
  };
}

/** undefined where nobody asked for them: they cost the whole distribution at each token. */
function logprobsOf(extras: RequestExtras | undefined, source: TokenSource): AnswerLogprobs | undefined {
  const count = extras?.topLogprobs;
  return count === undefined ? undefined : new AnswerLogprobs(count, (token) => source.piece(token));
}

async function withTexts(
  divergence: TokenDivergence | undefined,
  source: TokenSource,
): Promise<Divergence | undefined> {
  if (divergence === undefined) return undefined;
  const { token, expected } = divergence;
  const [text, expectedText] = await Promise.all([textOf(token, source), textOf(expected, source)]);
  return { ...divergence, text, expectedText };
}

/** What was expected comes from anywhere: engines are not asked for tokens that they do not have. */
async function textOf(token: number | undefined, source: TokenSource): Promise<string> {
  if (token === undefined || token >= source.vocabularySize) return '';
  const { text, bytes } = await source.piece(token);
  return text ?? new TextDecoder().decode(bytes);
}
