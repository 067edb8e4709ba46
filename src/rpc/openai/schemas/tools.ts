import { z } from 'zod';

/** OpenAI's rule for names. */
const functionName = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,64}$/, { error: 'expected 1 to 64 of the characters A-Z a-z 0-9 _ -' });

/** OpenAI's most. */
const MAX_TOOLS = 128;

const tool = z.strictObject(
  {
    type: z.literal('function', { error: 'tools here are functions' }),
    function: z.strictObject({
      name: functionName,
      description: z.string().nullish(),
      parameters: z.record(z.string(), z.unknown()).nullish(),
      strict: z.boolean().nullish(),
    }),
  },
  { error: 'expected a function tool' },
);

/** A function a model may call. */
export type Tool = z.output<typeof tool>;

const namedChoice = z.strictObject({
  type: z.literal('function'),
  function: z.strictObject({ name: z.string() }),
});

const toolChoice = z.union([z.enum(['none', 'auto', 'required']), namedChoice], {
  error: 'expected none, auto, required or {"type":"function","function":{"name":…}}',
});

export type ToolChoice = z.output<typeof toolChoice>;

export const toolFields = {
  tools: z
    .array(tool)
    .max(MAX_TOOLS, { error: `expected at most ${MAX_TOOLS} tools` })
    .default([]),
  tool_choice: toolChoice.optional(),
  parallel_tool_calls: z.boolean().default(true),
} as const;
