import type { Completion } from '../../../core/index.js';
import type { Exchange } from '../exchange.js';
import { runChoices } from '../generation/choices.js';
import { fingerprintOf } from '../generation/fingerprint.js';
import { finishReasonOf, type Usage, usageOf } from '../generation/usage.js';
import type { OpenAiModules } from '../modules.js';
import { type CompletionsBody, checkCompletionsBody } from '../schemas/completions.js';
import { ChunkForm } from '../streaming/chunk-form.js';
import { streamChoices } from '../streaming/stream-choices.js';
import { CompletionChunks } from './chunks.js';
import { completionLogprobs } from './logprobs.js';
import { completionRequests } from './requests.js';

/**
 * `POST /v1/completions`: https://platform.openai.com/docs/api-reference/completions/create
 * @returns undefined where the answer was streamed
 * @throws AtomaError `invalid_params`, and what `meteredGenerate` throws
 */
export async function completeText(
  given: unknown,
  exchange: Exchange,
  modules: OpenAiModules,
): Promise<object | undefined> {
  const body = checkCompletionsBody(given);
  const { node, limits, scopes } = modules;
  const requests = completionRequests(body, { node, requestId: exchange.requestId });
  const { model } = body;
  const created = Math.floor(Date.now() / 1000);
  const head = { id: `cmpl-${exchange.requestId}`, object: 'text_completion', created, model } as const;
  const echoes = requests.map(({ params }) => (body.echo ? params.prompt : ''));
  if (!body.stream) {
    const scope = exchange.openScope(limits, scopes);
    const completions = await runChoices(requests, { node, exchange, scope });
    return {
      ...head,
      choices: completions.map((completion, index) => choiceOf(completion, index, echoes[index] ?? '')),
      usage: usage(completions, body),
      system_fingerprint: completions[0]?.profile ?? null,
    };
  }
  const includeUsage = body.stream_options?.include_usage ?? false;
  const form = new ChunkForm({ ...head, fingerprint: fingerprintOf(node, model) }, includeUsage);
  await streamChoices(
    {
      requests,
      reader: (write) => new CompletionChunks(form, echoes, write),
      last: (completions) => (includeUsage ? form.usage(usage(completions, body)) : ''),
    },
    exchange,
    modules,
  );
  return undefined;
}

function choiceOf(completion: Completion, index: number, echo: string): object {
  const { text, logprobs, finishReason } = completion;
  return {
    index,
    text: echo + text,
    logprobs: logprobs === undefined ? null : completionLogprobs(logprobs, 0),
    finish_reason: finishReasonOf(finishReason),
  };
}

/** Each prompt counts once, at its first choice. */
function usage(completions: readonly Completion[], { n }: CompletionsBody): Usage {
  return usageOf(
    completions.filter((_, index) => index % n === 0),
    completions,
  );
}
