import type { Exchange } from '../exchange.js';
import { runChoices } from '../generation/choices.js';
import { fingerprintOf } from '../generation/fingerprint.js';
import { usageOf } from '../generation/usage.js';
import type { OpenAiModules } from '../modules.js';
import { checkChatBody } from '../schemas/chat.js';
import { ChunkForm } from '../streaming/chunk-form.js';
import { streamChoices } from '../streaming/stream-choices.js';
import { activeTools } from '../tools/active-tools.js';
import { chatAnswer } from './answer.js';
import { ChatChunks } from './chunks.js';
import { chatRequests } from './requests.js';

/**
 * `POST /v1/chat/completions`: https://platform.openai.com/docs/api-reference/chat/create
 * @returns undefined where the answer was streamed
 * @throws AtomaError `invalid_params`, and what `NodeApi.renderChat` and `meteredGenerate` throw
 */
export async function completeChat(
  given: unknown,
  exchange: Exchange,
  modules: OpenAiModules,
): Promise<object | undefined> {
  const body = checkChatBody(given);
  const { node, limits, scopes } = modules;
  const tools = activeTools(body);
  const requests = chatRequests(body, tools, { node, requestId: exchange.requestId });
  const { model } = body;
  const head = { id: `chatcmpl-${exchange.requestId}`, created: Math.floor(Date.now() / 1000), model };
  if (!body.stream) {
    const scope = exchange.openScope(limits, scopes);
    const completions = await runChoices(requests, { node, exchange, scope });
    return chatAnswer(head, completions, tools);
  }
  const includeUsage = body.stream_options?.include_usage ?? false;
  const fingerprint = fingerprintOf(node, model);
  const form = new ChunkForm({ ...head, object: 'chat.completion.chunk', fingerprint }, includeUsage);
  await streamChoices(
    {
      requests,
      reader: (write) => new ChatChunks(form, tools, write),
      last: (completions) => (includeUsage ? form.usage(usageOf(completions.slice(0, 1), completions)) : ''),
    },
    exchange,
    modules,
  );
  return undefined;
}
