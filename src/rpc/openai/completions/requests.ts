import type { RequestExtras } from '../../../core/index.js';
import type { GenerateRequest, NodeApi } from '../../node-api.js';
import { invalidRequest } from '../errors.js';
import { requestIdOfChoice, seedOf, seedOfChoice, toPromptParams } from '../generation/prompt-params.js';
import { modelOf } from '../model-of.js';
import type { CompletionsBody } from '../schemas/completions.js';

/** Choices of one request, over all of its prompts: as many as OpenAI's `n` may be for one. */
const MAX_CHOICES = 128;

/**
 * Raw prompts, each as often as choices are wanted of it; those of the first prompt come first.
 * @throws AtomaError `unknown_model`, `not_ready`, `invalid_params`
 */
export function completionRequests(
  body: CompletionsBody,
  { node, requestId }: { readonly node: NodeApi; readonly requestId: string },
): readonly GenerateRequest[] {
  modelOf(node, body.model);
  checkCombination(body);
  const seed = seedOf(body.seed);
  const extras = extrasOf(body);
  const prompts = body.prompt.flatMap((prompt) => Array.from({ length: body.n }, () => prompt));
  return prompts.map((prompt, index) => ({
    requestId: requestIdOfChoice(requestId, index),
    params: toPromptParams(body, prompt, {
      maxTokens: body.max_tokens,
      // Each prompt has the same seeds: a request of several gives what one request for each would.
      seed: seedOfChoice(seed, index % body.n),
    }),
    reproducible: body.seed !== undefined,
    extras,
  }));
}

function checkCombination({ prompt, n, best_of, echo, logprobs }: CompletionsBody): void {
  if (best_of !== undefined && best_of !== n) {
    throw invalidRequest("'best_of' has to be what 'n' is: a node returns every answer it makes.", 'best_of');
  }
  if (prompt.length * n > MAX_CHOICES) {
    throw invalidRequest(
      `${prompt.length} prompts with ${n} choices each are more than ${MAX_CHOICES} answers: send them in several requests.`,
      'prompt',
    );
  }
  if (!echo) return;
  if (logprobs !== undefined) {
    throw invalidRequest(
      "The likelihood of a prompt's own tokens is not told: 'echo' goes without 'logprobs'.",
      'echo',
    );
  }
  if (prompt.some((each) => typeof each !== 'string')) {
    throw invalidRequest("'echo' needs prompts of text, not of token ids.", 'echo');
  }
}

function extrasOf({ stop, frequency_penalty, presence_penalty, logprobs }: CompletionsBody): RequestExtras {
  return {
    ...(stop.length > 0 && { stop }),
    ...(frequency_penalty !== 0 && { frequencyPenalty: frequency_penalty }),
    ...(presence_penalty !== 0 && { presencePenalty: presence_penalty }),
    ...(logprobs !== undefined && { topLogprobs: logprobs }),
  };
}
