import OpenAI from 'openai';
import type { Test } from 'tap';
import { modelConfig, RunningCli } from './cli.js';

export const MODEL = 'atoma-tiny';

interface OpenAiNode {
  readonly url: string;
  readonly client: OpenAI;
}

/** A node that serves the demo model, with the official client to it. */
export async function startOpenAiNode(t: Test, pool = 'workers = 1\nsequences = 4\n'): Promise<OpenAiNode> {
  return startWith(t, await modelConfig(t, pool));
}

/** @param config a model configuration's path */
export async function startWith(t: Test, config: string): Promise<OpenAiNode> {
  const node = new RunningCli(t, ['--model-config-path', config, '--json']);
  const { url } = await node.next();
  await node.next();
  const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: 'none', maxRetries: 0 });
  return { url: String(url), client };
}

export function user(content: string): { readonly role: 'user'; readonly content: string } {
  return { role: 'user', content };
}

/** What a promise is rejected with. */
export async function failureOf(promise: PromiseLike<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (error: unknown) => error,
  );
}
