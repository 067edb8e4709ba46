import type { Completion, TokenFrame, TokenLogprob } from '../../../core/index.js';
import type { ChoiceReader } from '../generation/choices.js';
import { finishReasonOf } from '../generation/usage.js';
import type { ChunkForm } from '../streaming/chunk-form.js';
import type { ActiveTools } from '../tools/active-tools.js';
import type { CallParser } from '../tools/call-parser.js';
import { callParser, deltasOf } from './answer-delta.js';
import { chatLogprobs } from './logprobs.js';

const MESSAGE_BEGINS = '"delta":{"role":"assistant","content":""}';

/** One choice of a stream so far. */
interface Choice {
  hasBegun: boolean;
  readonly parser: CallParser | undefined;
  /** Of tokens whose text is held back. */
  logprobs: TokenLogprob[];
}

/** Makes chunks of the choices of a chat. */
export class ChatChunks implements ChoiceReader {
  readonly #form: ChunkForm;
  readonly #tools: ActiveTools | undefined;
  readonly #write: (events: string) => void;
  readonly #choices = new Map<number, Choice>();

  constructor(form: ChunkForm, tools: ActiveTools | undefined, write: (events: string) => void) {
    this.#form = form;
    this.#tools = tools;
    this.#write = write;
  }

  onFrame(index: number, { text, logprobs }: TokenFrame): void {
    const choice = this.#choice(index);
    if (logprobs !== undefined) choice.logprobs.push(...logprobs);
    const deltas = choice.parser === undefined ? plain(text, choice) : deltasOf(choice.parser.push(text));
    this.#writeDeltas(index, choice, deltas, '');
  }

  onDone(index: number, completion: Completion): void {
    const choice = this.#choice(index);
    const { parser } = choice;
    const rest = parser === undefined ? [] : deltasOf(parser.end());
    const reason = (parser?.calls ?? 0) > 0 && completion.finishReason === 'stop' ? 'tool_calls' : undefined;
    const last = (logprobs: string): string =>
      this.#form.lastOfChoice(
        index,
        '"delta":{}',
        reason ?? finishReasonOf(completion.finishReason),
        completion.profile,
        logprobs,
      );
    if (rest.length > 0) this.#writeDeltas(index, choice, rest, last('null'));
    else this.#write(this.#beginning(index, choice) + last(this.#takeLogprobs(choice)));
  }

  /** One write, however many chunks. */
  #writeDeltas(index: number, choice: Choice, deltas: readonly string[], after: string): void {
    if (deltas.length === 0) return;
    let events = this.#beginning(index, choice);
    for (const delta of deltas) {
      events += this.#form.choice(index, `"delta":${delta}`, this.#takeLogprobs(choice));
    }
    this.#write(events + after);
  }

  #beginning(index: number, choice: Choice): string {
    if (choice.hasBegun) return '';
    choice.hasBegun = true;
    return this.#form.choice(index, MESSAGE_BEGINS);
  }

  #takeLogprobs(choice: Choice): string {
    if (choice.logprobs.length === 0) return 'null';
    const text = JSON.stringify(chatLogprobs(choice.logprobs));
    choice.logprobs = [];
    return text;
  }

  #choice(index: number): Choice {
    const known = this.#choices.get(index);
    if (known !== undefined) return known;
    const choice = { hasBegun: false, parser: this.#tools && callParser(this.#tools), logprobs: [] };
    this.#choices.set(index, choice);
    return choice;
  }
}

/** Tokens without text, as of half a character, are told where their likelihood was asked for. */
function plain(text: string, { logprobs }: Choice): readonly string[] {
  return text === '' && logprobs.length === 0 ? [] : [`{"content":${JSON.stringify(text)}}`];
}
