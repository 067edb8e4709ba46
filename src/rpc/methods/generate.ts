import { randomBytes, randomUUID } from 'node:crypto';
import { checkPromptParams, type PromptParams } from '../../core/index.js';
import { meteredGenerate } from '../access/metered-generate.js';
import type { Principal } from '../access/principal.js';
import { catalogued } from '../error-catalogue.js';
import { defineMethod, type Method } from '../json-rpc/method.js';
import type { GenerateRequest, NodeApi } from '../node-api.js';
import type { StreamHost } from '../websocket/stream-host.js';
import { generateResultToWire } from '../wire/completion.js';
import { GenerateParams } from './generate-params.js';

/** `atoma_generate`: runs a prompt; answers when it is done, or streams it over a WebSocket. */
export function generateMethod(node: NodeApi): Method {
  return defineMethod({
    name: 'atoma_generate',
    scope: 'generate',
    params: GenerateParams,
    run: async (params, { signal, streams, principal }) => {
      const request = toRequest(params, node);
      if (params.stream) return startStream(node, principal, request, streams);
      const result = await meteredGenerate(node, principal, request, {
        signal,
        onTokens: undefined,
        onRestart: undefined,
      });
      return generateResultToWire(result, request.params);
    },
  });
}

/** @throws AtomaError `websocket_only`, `too_many_subscriptions`. */
function startStream(
  node: NodeApi,
  principal: Principal,
  request: GenerateRequest,
  streams: StreamHost | undefined,
): unknown {
  if (streams === undefined) {
    throw catalogued(
      'websocket_only',
      'stream: true needs a connection to stream over: call atoma_generate on the WebSocket at /ws, or leave stream out.',
    );
  }
  const controller = new AbortController();
  const subscription = streams.open();
  subscription.onCancel = () =>
    controller.abort(catalogued('cancelled', 'The client ended the stream of this request.'));
  const run = async (): Promise<void> => {
    const result = await meteredGenerate(node, principal, request, {
      signal: controller.signal,
      onTokens: (frame) => subscription.push(frame),
      onRestart: () => subscription.restart(),
    });
    subscription.complete(result.completion, generateResultToWire(result, request.params));
  };
  run().catch((error: unknown) => subscription.fail(error));
  return { request_id: request.requestId, subscription: subscription.id };
}

function toRequest(given: GenerateParams, node: NodeApi): GenerateRequest {
  const params: PromptParams = {
    model: given.model ?? onlyModel(node),
    prompt: given.prompt,
    prePromptTokens: given.pre_prompt_tokens,
    prependOutputWithInput: given.prepend_output_with_input,
    maxTokens: given.max_tokens,
    randomSeed: given.random_seed ?? randomBytes(8).readBigUInt64LE(),
    repeatLastN: given.repeat_last_n,
    repeatPenalty: given.repeat_penalty,
    shouldStreamOutput: given.stream,
    temperature: given.temperature,
    topK: given.top_k,
    topP: given.top_p,
  };
  checkPromptParams(params);
  const { reproducible } = given;
  return { requestId: given.request_id ?? randomUUID(), params, reproducible };
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
