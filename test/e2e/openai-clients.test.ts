import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { HumanMessage } from '@langchain/core/messages';
import { tool as langchainTool } from '@langchain/core/tools';
import { ChatOpenAI } from '@langchain/openai';
import { generateObject, generateText, stepCountIs, streamText, tool } from 'ai';
import t from 'tap';
import { z } from 'zod';
import { MODEL, startOpenAiNode } from './openai-node.js';

const { url } = await startOpenAiNode(t);
const QUESTION = 'What is the capital of Peru?';
const ANSWER = 'The capital of Peru is Lima.';
const City = z.object({ city: z.enum(['Lima', 'Quito']) });

t.test('LangChain asks, streams, calls tools and gets objects', async (t) => {
  const model = new ChatOpenAI({
    ...{ model: MODEL, apiKey: 'none', temperature: 0, maxRetries: 0, maxTokens: 60 },
    configuration: { baseURL: `${url}/v1` },
  });
  const answer = await model.invoke([new HumanMessage(QUESTION)]);
  t.equal(answer.content, ANSWER);
  t.match(answer.usage_metadata, { input_tokens: 17, output_tokens: 11 });
  let text = '';
  for await (const chunk of await model.stream(QUESTION)) text += chunk.content;
  t.equal(text, ANSWER);
  const weather = langchainTool(() => 'sunny', { name: 'weather', description: 'It tells.', schema: City });
  const called = await model.bindTools([weather], { tool_choice: 'required' }).invoke(QUESTION);
  t.match(called.tool_calls, [{ name: 'weather', args: { city: /^(Lima|Quito)$/ } }]);
  const structured = model.withStructuredOutput(City, { method: 'jsonSchema', name: 'place' });
  t.match(await structured.invoke(QUESTION), { city: /^(Lima|Quito)$/ });
});

t.test('the AI SDK asks, streams, calls tools and gets objects', async (t) => {
  const provider = createOpenAICompatible({
    ...{ name: 'atoma', baseURL: `${url}/v1`, apiKey: 'none' },
    ...{ includeUsage: true, supportsStructuredOutputs: true },
  });
  const common = { model: provider(MODEL), prompt: QUESTION, temperature: 0, maxRetries: 0 };
  const { text, usage, finishReason } = await generateText(common);
  t.equal(text, ANSWER);
  t.match(usage, { inputTokens: 17, outputTokens: 11 });
  t.equal(finishReason, 'stop');
  const streamed = streamText(common);
  let pieces = '';
  for await (const piece of streamed.textStream) pieces += piece;
  t.equal(pieces, ANSWER);
  t.match(await streamed.usage, { inputTokens: 17, outputTokens: 11 });
  const asked: unknown[] = [];
  const weather = tool({
    ...{ description: 'It tells.', inputSchema: City },
    execute: async (given) => {
      asked.push(given);
      return 'sunny';
    },
  });
  const withTool = {
    ...common,
    tools: { weather },
    toolChoice: 'required' as const,
    stopWhen: stepCountIs(1),
  };
  const called = await generateText({ ...withTool, maxOutputTokens: 60 });
  t.match(called.toolCalls, [{ toolName: 'weather', input: { city: /^(Lima|Quito)$/ } }]);
  const stream = streamText({ ...withTool, maxOutputTokens: 60 });
  await stream.consumeStream();
  t.equal(asked.length, 2);
  const { object } = await generateObject({ ...common, schema: City });
  t.match(object, { city: /^(Lima|Quito)$/ });
});

t.test('the AI SDK continues raw prompts', async (t) => {
  const provider = createOpenAICompatible({ name: 'atoma', baseURL: `${url}/v1` });
  const { text } = await generateText({
    ...{ model: provider.completionModel(MODEL), prompt: 'Once upon a time', maxOutputTokens: 8 },
    maxRetries: 0,
  });
  t.ok(text.length > 0);
});
