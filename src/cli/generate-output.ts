import { type Completion, type ModelInfo, type TokenFrame, tokensPerSecond } from '../core/index.js';
import { writeLine } from './exit.js';

/** What a model may write to a terminal: anything but what would steer it, tabs and line ends left in. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;

/** How an answer comes out. */
export interface AnswerOutput {
  onTokens(frame: TokenFrame): void;
  /** @param seed decides the choices of tokens where the temperature is above 0 */
  end(completion: Completion, model: ModelInfo, seed: bigint): void;
}

/** The text on stdout as it comes, and a summary on stderr. */
export class TextAnswer implements AnswerOutput {
  #endsInLine = false;

  onTokens({ text }: TokenFrame): void {
    if (text === '') return;
    process.stdout.write(process.stdout.isTTY ? text.replace(CONTROL, '\ufffd') : text);
    this.#endsInLine = text.endsWith('\n');
  }

  end(completion: Completion, { backend, backendReason, device }: ModelInfo, seed: bigint): void {
    if (!this.#endsInLine) process.stdout.write('\n');
    const { tokens, inputTokens, finishReason } = completion;
    const rate = tokensPerSecond(completion).toFixed(1);
    process.stderr.write(
      `${tokens.length} tokens (${inputTokens} in, ended by ${finishReason}), ${rate} tokens/s, ` +
        `${backend} on ${device}: ${backendReason}; seed ${seed}\n`,
    );
  }
}

/** One line of JSON at the end. */
export class JsonAnswer implements AnswerOutput {
  onTokens(): void {}

  end(completion: Completion, { name, backend, backendReason, device }: ModelInfo, seed: bigint): void {
    const { text, tokens, inputTokens, finishReason } = completion;
    writeLine({
      text,
      tokens,
      input_tokens: inputTokens,
      output_tokens: tokens.length,
      backend,
      backend_reason: backendReason,
      tokens_per_second: Number(tokensPerSecond(completion).toFixed(3)),
      finish_reason: finishReason,
      model: name,
      device,
      seed,
    });
  }
}
