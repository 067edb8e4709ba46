import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { DemoNode } from '#src/cli/demo-node.js';
import { RpcClient } from '#src/cli/rpc-client.js';
import { type BenchPrompt, promptsOf, type Side, TEMPERATURE, TOP_K, type Workload } from './workload.js';

const StreamReply = z.object({ subscription: z.string() });

/** A whole node in its own processes, read over one WebSocket. */
export async function startNode(workload: Workload): Promise<Side> {
  const dir = await mkdtemp(join(tmpdir(), 'atoma-bench-'));
  const config = join(dir, 'model.toml');
  await writeFile(config, configText(workload, dir));
  const node = await DemoNode.start(['--model-config-path', config], process.env, 'warn');
  const rpc = await RpcClient.connect(node.url);
  return {
    round: async () => {
      const startedAt = performance.now();
      // All at once: as in the bare loop, a sequence that is done finds its next prompt waiting.
      const counts = await Promise.all(promptsOf(workload).map((prompt) => runPrompt(rpc, workload, prompt)));
      return { tokens: counts.reduce((sum, count) => sum + count, 0), ms: performance.now() - startedAt };
    },
    stop: async () => {
      rpc.close();
      await node.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

function configText(workload: Workload, dir: string): string {
  return `cache_dir = ${JSON.stringify(dir)}
jrpc_port = 0
models = [["cpu", "q8_0", ${JSON.stringify(dirname(workload.file))}, "", false]]
[pool]
workers = 1
sequences = ${workload.streams}
context_size = ${workload.contextSize}
threads = ${workload.threads}
[scheduler]
max_request_wait_ms = 600000
`;
}

async function runPrompt(
  rpc: RpcClient,
  { maxTokens }: Workload,
  { prompt, seed }: BenchPrompt,
): Promise<number> {
  const { subscription } = StreamReply.parse(
    await rpc.call('atoma_generate', {
      prompt,
      max_tokens: maxTokens,
      temperature: TEMPERATURE,
      top_k: TOP_K,
      random_seed: seed,
      stream: true,
    }),
  );
  let count = 0;
  await new Promise<void>((resolve, reject) =>
    rpc.onFrames(subscription, (frame) => {
      count += frame.tokens.length;
      if (frame.error !== undefined) reject(new Error(frame.error.message));
      else if (frame.done) resolve();
    }),
  );
  return count;
}
