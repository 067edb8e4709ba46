import type { RequestExtras } from '../../../core/index.js';
import type { ChatMessage, GenerateRequest, NodeApi } from '../../node-api.js';
import { invalidRequest } from '../errors.js';
import { requestIdOfChoice, seedOf, seedOfChoice, toPromptParams } from '../generation/prompt-params.js';
import { modelOf } from '../model-of.js';
import type { ChatBody, Message } from '../schemas/chat.js';
import type { ActiveTools } from '../tools/active-tools.js';
import { callSchema } from '../tools/call-grammar.js';

/**
 * A chat as prompts, one a choice.
 * @throws AtomaError `unknown_model`, `not_ready`, `no_chat_template`, `chat_template_failed`, `invalid_params`
 */
export function chatRequests(
  body: ChatBody,
  tools: ActiveTools | undefined,
  { node, requestId }: { readonly node: NodeApi; readonly requestId: string },
): readonly GenerateRequest[] {
  const { contextSize } = modelOf(node, body.model);
  const messages = body.messages.map(toChatMessage);
  const prompt = node.renderChat({ model: body.model, messages, tools: tools?.tools });
  const extras = extrasOf(body, tools);
  const maxTokens = body.max_completion_tokens ?? body.max_tokens ?? contextSize;
  const seed = seedOf(body.seed);
  return Array.from({ length: body.n }, (_, index) => ({
    requestId: requestIdOfChoice(requestId, index),
    params: toPromptParams(body, prompt, { maxTokens, seed: seedOfChoice(seed, index) }),
    reproducible: body.seed !== undefined,
    extras,
  }));
}

/** `developer` is what OpenAI calls `system` now; templates know it by the old name. */
function toChatMessage(message: Message): ChatMessage {
  const { role, content, name } = message;
  const named = { content, ...(name !== undefined && { name }) };
  if (role === 'tool') return { role, ...named, tool_call_id: message.tool_call_id };
  if (role !== 'assistant') return { role: role === 'developer' ? 'system' : role, ...named };
  const calls = message.tool_calls ?? [];
  return { role, ...named, ...(calls.length > 0 && { tool_calls: calls }) };
}

function extrasOf(body: ChatBody, tools: ActiveTools | undefined): RequestExtras {
  const { stop, frequency_penalty, presence_penalty } = body;
  const topLogprobs = topLogprobsOf(body);
  const grammar = grammarOf(body, tools);
  return {
    ...(stop.length > 0 && { stop }),
    ...(frequency_penalty !== 0 && { frequencyPenalty: frequency_penalty }),
    ...(presence_penalty !== 0 && { presencePenalty: presence_penalty }),
    ...(topLogprobs !== undefined && { topLogprobs }),
    ...(grammar !== undefined && { grammar }),
  };
}

function topLogprobsOf({ logprobs, top_logprobs }: ChatBody): number | undefined {
  if (logprobs) return top_logprobs ?? 0;
  if (top_logprobs === undefined) return undefined;
  throw invalidRequest("'top_logprobs' needs 'logprobs' to be true.", 'top_logprobs');
}

function grammarOf(
  { response_format: format }: ChatBody,
  tools: ActiveTools | undefined,
): RequestExtras['grammar'] {
  if (tools?.forced !== undefined) return { kind: 'json_schema', schema: callSchema(tools.forced) };
  if (format.type === 'text') return undefined;
  if (tools !== undefined) {
    throw invalidRequest(
      `An answer that has to be JSON cannot be a tool call as well: leave 'tools' out, or set 'tool_choice' to none or required.`,
      'response_format',
    );
  }
  const schema = format.type === 'json_schema' ? format.json_schema.schema : undefined;
  return schema ? { kind: 'json_schema', schema } : { kind: 'json_object' };
}
