import { z } from 'zod';
import { checkBody } from './check.js';
import { prompts } from './completions.js';

/** OpenAI's most. */
const MAX_INPUTS = 2048;

const EmbeddingsBody = z.strictObject({
  model: z.string(),
  input: prompts.refine((inputs) => inputs.length <= MAX_INPUTS, {
    error: `expected at most ${MAX_INPUTS} inputs`,
  }),
  encoding_format: z.enum(['float', 'base64'], { error: 'expected float or base64' }).default('float'),
  dimensions: z.int().min(1, { error: 'expected at least 1' }).optional(),
  user: z.string().optional(),
});

export type EmbeddingsBody = z.output<typeof EmbeddingsBody>;

/** The body of `POST /v1/embeddings`. @throws AtomaError `invalid_params` */
export function checkEmbeddingsBody(body: unknown): EmbeddingsBody {
  return checkBody(body, EmbeddingsBody, {});
}
