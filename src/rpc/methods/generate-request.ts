import { randomUUID } from 'node:crypto';
import { checkPromptParams, type PromptParams, type RequestExtras } from '../../core/index.js';
import { catalogued } from '../error-catalogue.js';
import type { GenerateRequest, NodeApi } from '../node-api.js';
import { randomSeed } from '../random-seed.js';
import type { GenerateParams } from './generate-params.js';

/**
 * What a client asks for, as the node takes it.
 * @throws AtomaError `invalid_params`; `not_ready` where no model is named and none is loaded
 */
export function toRequest(given: GenerateParams, node: NodeApi): GenerateRequest {
  const params: PromptParams = {
    model: given.model ?? onlyModel(node),
    prompt: given.prompt,
    prePromptTokens: given.pre_prompt_tokens,
    prependOutputWithInput: given.prepend_output_with_input,
    maxTokens: given.max_tokens,
    randomSeed: given.random_seed ?? randomSeed(),
    repeatLastN: given.repeat_last_n,
    repeatPenalty: given.repeat_penalty,
    shouldStreamOutput: given.stream,
    temperature: given.temperature,
    topK: given.top_k,
    topP: given.top_p,
  };
  checkPromptParams(params);
  const { reproducible } = given;
  const extras = toExtras(given);
  if (reproducible) refuseSteering(extras);
  const isAsked = Object.keys(extras).length > 0;
  return { requestId: given.request_id ?? randomUUID(), params, reproducible, ...(isAsked && { extras }) };
}

/** Only what was asked for: a value that is off is left out. */
function toExtras(given: GenerateParams): RequestExtras {
  const { stop = [], frequency_penalty, presence_penalty, top_logprobs, response_format: format } = given;
  return {
    ...(stop.length > 0 && { stop }),
    ...(frequency_penalty !== 0 && { frequencyPenalty: frequency_penalty }),
    ...(presence_penalty !== 0 && { presencePenalty: presence_penalty }),
    ...(top_logprobs !== undefined && { topLogprobs: top_logprobs }),
    ...(format !== undefined && format.type !== 'text' && { grammar: toGrammar(format) }),
  };
}

function toGrammar(
  format: Exclude<NonNullable<GenerateParams['response_format']>, { readonly type: 'text' }>,
): NonNullable<RequestExtras['grammar']> {
  return format.type === 'json_object'
    ? { kind: 'json_object' }
    : { kind: 'json_schema', schema: format.json_schema.schema };
}

/**
 * A reproducible answer is one that any node can make again from the contract's params. Probabilities only tell of
 * it; all else that a request may ask changes where it goes or ends, and the contract has no words for that.
 */
function refuseSteering({ topLogprobs: _told, ...steering }: RequestExtras): void {
  const names: Readonly<Record<keyof typeof steering, string>> = {
    stop: 'stop',
    frequencyPenalty: 'frequency_penalty',
    presencePenalty: 'presence_penalty',
    grammar: 'response_format',
    embed: 'embed',
  };
  const problems = Object.entries(names)
    .filter(([key]) => Object.hasOwn(steering, key))
    .map(([, name]) => `${name} cannot be had together with reproducible: true`);
  if (problems.length === 0) return;
  throw catalogued('invalid_params', `Invalid params: ${problems.join('; ')}.`, { problems });
}

function onlyModel(node: NodeApi): string {
  const [name, ...others] = new Set(node.listModels().map((model) => model.name));
  if (name === undefined) {
    const { reasons } = node.readiness();
    throw catalogued('not_ready', `No model is loaded yet. ${reasons.join(' ')}`.trimEnd(), { reasons });
  }
  if (others.length > 0) {
    const models = [name, ...others];
    const problem = `model is missing, wanted one of ${models.join(', ')}`;
    throw catalogued('invalid_params', `Invalid params: ${problem}.`, { problems: [problem], models });
  }
  return name;
}
