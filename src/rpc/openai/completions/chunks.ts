import type { Completion, TokenFrame, TokenLogprob } from '../../../core/index.js';
import type { ChoiceReader } from '../generation/choices.js';
import { finishReasonOf } from '../generation/usage.js';
import type { ChunkForm } from '../streaming/chunk-form.js';
import { completionLogprobs } from './logprobs.js';

/** Makes chunks of the choices of raw prompts. */
export class CompletionChunks implements ChoiceReader {
  readonly #form: ChunkForm;
  readonly #echoes: readonly string[];
  readonly #write: (events: string) => void;
  /** Code units of each choice so far, by the texts of its tokens. */
  readonly #offsets = new Map<number, number>();
  readonly #begun = new Set<number>();

  /** @param echoes what each choice begins with */
  constructor(form: ChunkForm, echoes: readonly string[], write: (events: string) => void) {
    this.#form = form;
    this.#echoes = echoes;
    this.#write = write;
  }

  onFrame(index: number, { text, logprobs }: TokenFrame): void {
    if (text === '' && logprobs === undefined) return;
    const whole = this.#echo(index) + text;
    this.#write(this.#form.choice(index, textMember(whole), this.#logprobs(index, logprobs)));
  }

  onDone(index: number, { finishReason, profile }: Completion): void {
    const members = textMember(this.#echo(index));
    this.#write(this.#form.lastOfChoice(index, members, finishReasonOf(finishReason), profile));
  }

  #echo(index: number): string {
    if (this.#begun.has(index)) return '';
    this.#begun.add(index);
    return this.#echoes[index] ?? '';
  }

  #logprobs(index: number, logprobs: readonly TokenLogprob[] | undefined): string {
    if (logprobs === undefined || logprobs.length === 0) return 'null';
    const offset = this.#offsets.get(index) ?? 0;
    this.#offsets.set(
      index,
      logprobs.reduce((sum, { text }) => sum + text.length, offset),
    );
    return JSON.stringify(completionLogprobs(logprobs, offset));
  }
}

function textMember(text: string): string {
  return `"text":${JSON.stringify(text)}`;
}
