import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Test } from 'tap';
import { z } from 'zod';
import { MODEL_DIR, RunningCli, tempDir } from './cli.js';

export const TOKEN = 'a-token-for-tests-0123456789';
const QUESTION = '<|im_start|>user\nWhat is the capital of Peru?<|im_end|>\n<|im_start|>assistant\n';
export const ANSWER = 'The capital of Peru is Lima.';
export const Q8 = join(MODEL_DIR, 'atoma-tiny.Q8_0.gguf');
export const F16 = join(MODEL_DIR, 'atoma-tiny.F16.gguf');

/** A model of the configuration, on llama.cpp. */
export interface ConfiguredModel {
  readonly name: string;
  readonly device?: number | readonly number[];
  readonly file: string;
}

/** The file of a node with these models, an admin token, and one worker of four sequences for each. */
export async function configOf(t: Test, models: readonly ConfiguredModel[]): Promise<string> {
  const file = join(await tempDir(t), 'model.toml');
  const tables = models.map(
    ({ name, device, file: modelType }) => `[[models]]
name = ${JSON.stringify(name)}
device = ${JSON.stringify(device ?? 'cpu')}
precision = "q8_0"
model_type = ${JSON.stringify(modelType)}
`,
  );
  const text = `cache_dir = "cache"
jrpc_port = 0
backend = "llama"
${tables.join('')}[pool]
workers = 1
sequences = 4
[rpc]
admin_token = "${TOKEN}"
`;
  await writeFile(file, text);
  return file;
}

const Reply = z.object({
  result: z.unknown().optional(),
  error: z.object({ message: z.string(), data: z.object({ code: z.string() }) }).optional(),
});

/** A node in a process of its own, and a client of it that knows its token. */
export class AdminNode {
  readonly cli: RunningCli;
  readonly url: string;

  private constructor(cli: RunningCli, url: string) {
    this.cli = cli;
    this.url = url;
  }

  /** Resolves when it is ready. */
  static async start(t: Test, models: readonly ConfiguredModel[]): Promise<AdminNode> {
    const cli = new RunningCli(t, ['--model-config-path', await configOf(t, models), '--json']);
    const { url } = await cli.next();
    await cli.next();
    return new AdminNode(cli, String(url));
  }

  async call(method: string, params: unknown = {}): Promise<z.infer<typeof Reply>> {
    const response = await fetch(this.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${TOKEN}` },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
    });
    return Reply.parse(await response.json());
  }

  /** The model's answer to the question, or the code of the error. */
  async ask(model: string): Promise<unknown> {
    const { result, error } = await this.call('atoma_generate', { model, prompt: QUESTION });
    return error?.data.code ?? z.object({ text: z.string() }).parse(result).text;
  }

  /** Names and devices of its models, each as `name on device`, sorted. */
  async models(): Promise<readonly string[]> {
    const { result } = await this.call('atoma_listModels');
    const models = z.array(z.object({ name: z.string(), device: z.string() })).parse(result);
    return models.map(({ name, device }) => `${name} on ${device}`).sort();
  }

  /** What `/readyz` says. */
  async readiness(): Promise<{ status: number; reasons: string[]; warnings: string[] }> {
    const response = await fetch(`${this.url}/readyz`);
    const Body = z.object({ reasons: z.array(z.string()), warnings: z.array(z.string()) });
    return { status: response.status, ...Body.parse(await response.json()) };
  }
}
