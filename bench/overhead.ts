import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { DemoNode } from '#src/cli/demo-node.js';
import { RpcClient } from '#src/cli/rpc-client.js';
import {
  DEMO_FILE,
  promptOf,
  type RoundResult,
  seedOf,
  TEMPERATURE,
  TOP_K,
  type Workload,
} from './workload.js';

interface OverheadFlags {
  readonly streams: readonly string[];
  readonly rounds: string;
  readonly tokens: string;
  readonly json?: boolean;
}

interface Side {
  round(streams: number): Promise<RoundResult>;
  stop(): Promise<void>;
}

const MODEL = 'atoma-tiny';
const StreamReply = z.object({ subscription: z.string() });

/** Tokens a second of the bare loop and of the whole node, in alternating rounds; their medians and ratio. */
export async function overhead(flags: OverheadFlags): Promise<void> {
  const streamCounts = flags.streams.map(Number);
  const rounds = Number(flags.rounds);
  const workload: Workload = {
    file: DEMO_FILE,
    sequences: Math.max(...streamCounts),
    threads: 1,
    contextSize: 512,
    maxTokens: Number(flags.tokens),
    promptsPerStream: 8,
  };
  const bare = await startBare(workload);
  const node = await startNode(workload);
  const report: Record<string, { bare: number; node: number; ratio: number }> = {};
  try {
    for (const streams of streamCounts) {
      const rates = await compare(bare, node, streams, rounds);
      report[String(streams)] = rates;
      process.stderr.write(
        `${streams} stream${streams === 1 ? '' : 's'}: bare ${rates.bare} tokens/s, node ${rates.node} tokens/s, ratio ${rates.ratio}\n`,
      );
    }
  } finally {
    await bare.stop();
    await node.stop();
  }
  process.stderr.write(
    `${rounds} rounds each, medians; Node ${process.version}, ${cpus()[0]?.model}, ${cpus().length} cores\n`,
  );
  if (flags.json) process.stdout.write(`${JSON.stringify({ bench: 'overhead', streams: report })}\n`);
}

async function compare(
  bare: Side,
  node: Side,
  streams: number,
  rounds: number,
): Promise<{ bare: number; node: number; ratio: number }> {
  const rates = { bare: [] as number[], node: [] as number[], ratio: [] as number[] };
  // The first round of each warms caches and compilers and is not counted.
  for (let round = 0; round <= rounds; round++) {
    const first = round % 2 === 0 ? bare : node;
    const results = new Map<Side, RoundResult>();
    for (const side of [first, first === bare ? node : bare]) results.set(side, await side.round(streams));
    const [one, other] = [results.get(bare), results.get(node)];
    if (one === undefined || other === undefined) throw new Error('a round is missing');
    if (one.tokens !== other.tokens)
      throw new Error(`the bare loop made ${one.tokens} tokens, the node ${other.tokens}`);
    if (round === 0) continue;
    rates.bare.push((one.tokens / one.ms) * 1000);
    rates.node.push((other.tokens / other.ms) * 1000);
    rates.ratio.push(one.ms / other.ms);
  }
  return {
    bare: Math.round(median(rates.bare)),
    node: Math.round(median(rates.node)),
    ratio: Number(median(rates.ratio).toFixed(3)),
  };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1
    ? (sorted[middle] ?? 0)
    : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
}

async function startBare(workload: Workload): Promise<Side> {
  const child: ChildProcess = fork(new URL('./bare-loop.js', import.meta.url), [JSON.stringify(workload)], {
    // As a device process with one worker has it.
    env: { UV_THREADPOOL_SIZE: '1', ...process.env },
  });
  await once(child, 'message');
  return {
    round: async (streams) => {
      const answer = once(child, 'message');
      child.send(streams);
      const [result] = await answer;
      return result;
    },
    stop: async () => {
      child.disconnect();
      await once(child, 'exit');
    },
  };
}

async function startNode(workload: Workload): Promise<Side> {
  const dir = await mkdtemp(join(tmpdir(), 'atoma-bench-'));
  const config = join(dir, 'model.toml');
  await writeFile(
    config,
    `cache_dir = ${JSON.stringify(dir)}
flush_storage = false
jrpc_port = 0
tracing = false
models = [["cpu", "q8_0", ${JSON.stringify(dirname(workload.file))}, "", false]]
[pool]
workers = 1
sequences = ${workload.sequences}
context_size = ${workload.contextSize}
threads = ${workload.threads}
`,
  );
  const node = await DemoNode.start(['--model-config-path', config], process.env, 'warn');
  const rpc = await RpcClient.connect(node.url);
  return {
    round: async (streams) => {
      const startedAt = performance.now();
      const counts = await Promise.all(
        Array.from({ length: streams }, (_, stream) => runStream(rpc, workload, stream)),
      );
      return { tokens: counts.reduce((sum, count) => sum + count, 0), ms: performance.now() - startedAt };
    },
    stop: async () => {
      rpc.close();
      await node.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

async function runStream(rpc: RpcClient, workload: Workload, stream: number): Promise<number> {
  let count = 0;
  for (let turn = 0; turn < workload.promptsPerStream; turn++) {
    const { subscription } = StreamReply.parse(
      await rpc.call('atoma_generate', {
        model: MODEL,
        prompt: promptOf(stream, turn),
        max_tokens: workload.maxTokens,
        temperature: TEMPERATURE,
        top_k: TOP_K,
        top_p: 1,
        repeat_penalty: 1,
        random_seed: seedOf(stream, turn),
        stream: true,
      }),
    );
    await new Promise<void>((resolve, reject) =>
      rpc.onFrames(subscription, (frame) => {
        count += frame.tokens.length;
        if (frame.error !== undefined) reject(new Error(frame.error.message));
        else if (frame.done) resolve();
      }),
    );
  }
  return count;
}
