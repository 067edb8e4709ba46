import { randomUUID } from 'node:crypto';
import type { ActiveTools } from '../tools/active-tools.js';
import { type AnswerPart, CallParser } from '../tools/call-parser.js';

/** A call as it stands in a message. */
export interface ToolCall {
  readonly id: string;
  readonly type: 'function';
  readonly function: { readonly name: string; readonly arguments: string };
}

/** Takes the calls out of an answer where there may be any. */
export function callParser({ tools, parallel }: ActiveTools): CallParser {
  return new CallParser({ names: tools.map((tool) => tool.function.name), parallel });
}

function newCallId(): string {
  return `call_${randomUUID().replaceAll('-', '').slice(0, 24)}`;
}

/** A whole answer as the members of a message. */
export function messageOf(
  text: string,
  tools: ActiveTools | undefined,
): { readonly content: string | null; readonly calls: readonly ToolCall[] } {
  if (tools === undefined) return { content: text, calls: [] };
  const parser = callParser(tools);
  const parts = [...parser.push(text), ...parser.end()];
  const content = join(parts, (part) => (part.kind === 'text' ? part.text : ''));
  const calls = parts.flatMap((part): readonly ToolCall[] => {
    if (part.kind !== 'call') return [];
    const json = join(parts, (each) => {
      return each.kind === 'arguments' && each.call === part.call ? each.json : '';
    });
    return [{ id: newCallId(), type: 'function', function: { name: part.name, arguments: json } }];
  });
  return { content: content === '' && calls.length > 0 ? null : content, calls };
}

/** Parts of an answer as the text of a `delta` in JSON; several texts become one. */
export function deltasOf(parts: readonly AnswerPart[]): readonly string[] {
  return parts.map((part) => {
    if (part.kind === 'text') return `{"content":${JSON.stringify(part.text)}}`;
    const call =
      part.kind === 'call'
        ? {
            index: part.call,
            id: newCallId(),
            type: 'function',
            function: { name: part.name, arguments: '' },
          }
        : { index: part.call, function: { arguments: part.json } };
    return `{"tool_calls":[${JSON.stringify(call)}]}`;
  });
}

function join(parts: readonly AnswerPart[], text: (part: AnswerPart) => string): string {
  return parts.map(text).join('');
}
