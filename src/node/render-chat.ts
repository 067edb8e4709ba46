import { AtomaError, type ModelInfo } from '../core/index.js';
import type { ChatRequest } from '../rpc/index.js';
import { knowsTools, renderChat } from '../workers/index.js';
import { withParsedCalls, withToolsInText } from './tool-messages.js';

/**
 * A chat as a prompt for a model. Tools go to its template, or where that knows none, into the text of the chat.
 * @throws AtomaError `unknown_model`, `no_chat_template`, `chat_template_failed`
 */
export function renderChatOf(
  { model, messages, tools = [] }: ChatRequest,
  models: readonly ModelInfo[],
): string {
  const info = models.find(({ name }) => name === model);
  if (info === undefined) {
    throw new AtomaError('unknown_model', `no device here serves the model ${model}`, { fields: { model } });
  }
  if (info.chatTemplate === undefined) {
    throw new AtomaError(
      'no_chat_template',
      `the model ${model} has no chat template: send it a raw prompt`,
      {
        fields: { model },
      },
    );
  }
  return knowsTools(info.chatTemplate)
    ? renderChat(info.chatTemplate, withParsedCalls(messages), tools)
    : renderChat(info.chatTemplate, withToolsInText(messages, tools));
}
