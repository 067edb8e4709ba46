import { z } from 'zod';
import { runCli } from './cli.js';

/** No look at GPUs, which these tests are not about. */
export const CPU = ['--gpu', 'cpu'];

/** What `--json` writes. */
export const Line = z.strictObject({
  text: z.string(),
  tokens: z.array(z.number()),
  input_tokens: z.number(),
  output_tokens: z.number(),
  backend: z.string(),
  backend_reason: z.string(),
  tokens_per_second: z.number(),
  finish_reason: z.string(),
  model: z.string(),
  device: z.string(),
  seed: z.string(),
});

/** Runs `generate --json`. */
export async function json(...args: readonly string[]): Promise<z.infer<typeof Line>> {
  const { code, stdout, stderr } = await runCli(['generate', ...args, ...CPU, '--json']);
  if (code !== 0) throw new Error(`ended with ${code}: ${stderr}`);
  return Line.parse(JSON.parse(stdout));
}
