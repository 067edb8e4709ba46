import type { ChatMessage } from '../rpc/index.js';

type Tools = readonly Readonly<Record<string, unknown>>[];

/** In the tags of Hermes function calling, the form that most models have seen; short, as small contexts are. */
const BEFORE = 'You may call functions. Their signatures are within <tools></tools>:';
const AFTER =
  'To call one, answer with <tool_call>{"name": <function name>, "arguments": <object>}</tool_call> for each call.';

/**
 * A chat for a template that knows no tools: its system message tells of them, calls stand in the text of the
 * assistant, and what they gave is said by the user, as Hermes models have it.
 */
export function withToolsInText(messages: readonly ChatMessage[], tools: Tools): readonly ChatMessage[] {
  const plain = messages.map(inText);
  if (tools.length === 0) return plain;
  const list = tools.map((tool) => JSON.stringify(tool)).join('\n');
  const description = `${BEFORE}\n<tools>\n${list}\n</tools>\n${AFTER}`;
  const [first, ...rest] = plain;
  if (first?.role !== 'system') return [{ role: 'system', content: description }, ...plain];
  return [{ ...first, content: `${first.content}\n\n${description}` }, ...rest];
}

/** Calls with their arguments as objects, which is what templates that know tools write down. */
export function withParsedCalls(messages: readonly ChatMessage[]): readonly ChatMessage[] {
  return messages.map((message) => {
    const calls = callsOf(message);
    return calls.length === 0 ? message : { ...message, tool_calls: calls };
  });
}

function inText(message: ChatMessage): ChatMessage {
  const { role, content, tool_calls: _calls, tool_call_id: _id, ...rest } = message;
  if (role === 'tool') {
    return { role: 'user', content: `<tool_response>\n${content}\n</tool_response>` };
  }
  const calls = callsOf(message).map(({ function: call }) => {
    return `<tool_call>\n${JSON.stringify(call)}\n</tool_call>`;
  });
  const texts = content === '' ? calls : [content, ...calls];
  return { ...rest, role, content: texts.join('\n') };
}

interface ParsedCall {
  readonly function: { readonly name: unknown; readonly arguments: unknown };
}

function callsOf({ tool_calls: calls }: ChatMessage): readonly ParsedCall[] {
  if (!Array.isArray(calls)) return [];
  return calls.map((call) => {
    const { name, arguments: given } = call.function;
    return { ...call, function: { name, arguments: parsedOrText(given) } };
  });
}

/** What a model wrote need not be JSON. */
function parsedOrText(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return json;
  }
}
