import type { Completion } from '../../../core/index.js';
import { finishReasonOf, usageOf } from '../generation/usage.js';
import type { ActiveTools } from '../tools/active-tools.js';
import { messageOf } from './answer-delta.js';
import { chatLogprobs } from './logprobs.js';

/** What the answer's envelope tells of its request. */
export interface AnswerHead {
  readonly id: string;
  /** s since 1970 */
  readonly created: number;
  readonly model: string;
}

/** https://platform.openai.com/docs/api-reference/chat/object */
export function chatAnswer(
  head: AnswerHead,
  completions: readonly Completion[],
  tools: ActiveTools | undefined,
): object {
  const { id, created, model } = head;
  return {
    id,
    object: 'chat.completion',
    created,
    model,
    choices: completions.map((completion, index) => choiceOf(completion, index, tools)),
    usage: usageOf(completions.slice(0, 1), completions),
    system_fingerprint: completions[0]?.profile ?? null,
  };
}

function choiceOf(completion: Completion, index: number, tools: ActiveTools | undefined): object {
  const { text, finishReason, logprobs } = completion;
  const { content, calls } = messageOf(text, tools);
  const isCall = calls.length > 0;
  return {
    index,
    message: { role: 'assistant', content, refusal: null, ...(isCall && { tool_calls: calls }) },
    logprobs: logprobs === undefined ? null : chatLogprobs(logprobs),
    finish_reason: isCall && finishReason === 'stop' ? 'tool_calls' : finishReasonOf(finishReason),
  };
}
