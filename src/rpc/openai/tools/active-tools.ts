import { invalidRequest } from '../errors.js';
import type { ChatBody } from '../schemas/chat.js';
import type { Tool } from '../schemas/tools.js';

/** The functions of a request as its model is to use them. */
export interface ActiveTools {
  /** Those that it may call; the prompt tells of them. */
  readonly tools: readonly Tool[];
  /** The answer has to be a call of one of these; undefined leaves it to the model. */
  readonly forced: readonly Tool[] | undefined;
  /** Several calls in one answer. */
  readonly parallel: boolean;
}

/**
 * @returns undefined where nothing is to be called
 * @throws AtomaError `invalid_params`
 */
export function activeTools({ tools, tool_choice, parallel_tool_calls }: ChatBody): ActiveTools | undefined {
  const names = tools.map((tool) => tool.function.name);
  const twice = names.findIndex((name, index) => names.indexOf(name) !== index);
  if (twice >= 0) {
    throw invalidRequest(`Two tools are called '${names[twice]}'.`, `tools[${twice}].function.name`);
  }
  if (tools.length === 0) {
    if (tool_choice === undefined || tool_choice === 'none' || tool_choice === 'auto') return undefined;
    throw invalidRequest("'tool_choice' asks for a call, and there are no 'tools'.", 'tool_choice');
  }
  if (tool_choice === 'none') return undefined;
  const active = { tools, parallel: parallel_tool_calls };
  if (tool_choice === undefined || tool_choice === 'auto') return { ...active, forced: undefined };
  if (tool_choice === 'required') return { ...active, forced: tools };
  const { name } = tool_choice.function;
  const named = tools.find((tool) => tool.function.name === name);
  if (named !== undefined) return { ...active, forced: [named] };
  throw invalidRequest(`'tool_choice' names '${name}', which is not among 'tools'.`, 'tool_choice');
}
