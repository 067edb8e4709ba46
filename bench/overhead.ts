import { cpus } from 'node:os';
import { startForked } from './forked-side.js';
import { median } from './median.js';
import { startNode } from './node-side.js';
import { DEMO_FILE, type RoundResult, type Side, type Workload } from './workload.js';

interface OverheadFlags {
  readonly streams: readonly string[];
  readonly rounds: string;
  readonly tokens: string;
  readonly json?: boolean;
}

/** Tokens a second of each side, and the median of the rounds' ratios node / bare. */
interface Rates {
  readonly bare: number;
  readonly node: number;
  readonly ratio: number;
}

/** Tokens a second of the bare loop and of the whole node, in alternating rounds; their medians and ratio. */
export async function overhead(flags: OverheadFlags): Promise<void> {
  const rounds = Number(flags.rounds);
  const report: Record<string, Rates> = {};
  for (const streams of flags.streams.map(Number)) {
    const rates = await measure(streams, rounds, Number(flags.tokens));
    report[String(streams)] = rates;
    process.stderr.write(
      `${streams} stream${streams === 1 ? '' : 's'}: bare ${rates.bare} tokens/s, node ${rates.node} tokens/s, ratio ${rates.ratio}\n`,
    );
  }
  process.stderr.write(
    `${rounds} rounds each, medians; Node ${process.version}, ${cpus()[0]?.model}, ${cpus().length} cores\n`,
  );
  if (flags.json) process.stdout.write(`${JSON.stringify({ bench: 'overhead', streams: report })}\n`);
}

async function measure(streams: number, rounds: number, maxTokens: number): Promise<Rates> {
  const workload: Workload = {
    file: DEMO_FILE,
    streams,
    threads: 1,
    contextSize: 512,
    maxTokens,
    promptsPerStream: streams === 1 ? 16 : 4,
  };
  const bare = await startForked(new URL('./bare-loop.js', import.meta.url), workload);
  const node = await startNode(workload);
  try {
    return await compare(bare, node, rounds);
  } finally {
    await bare.stop();
    await node.stop();
  }
}

async function compare(bare: Side, node: Side, rounds: number): Promise<Rates> {
  const rates = { bare: [] as number[], node: [] as number[], ratio: [] as number[] };
  // The first round warms caches and compilers and is not counted.
  for (let round = 0; round <= rounds; round++) {
    const results = new Map<Side, RoundResult>();
    for (const side of round % 2 === 0 ? [bare, node] : [node, bare]) results.set(side, await side.round());
    const bareRate = rate(results.get(bare));
    const nodeRate = rate(results.get(node));
    if (round === 0) continue;
    rates.bare.push(bareRate);
    rates.node.push(nodeRate);
    rates.ratio.push(nodeRate / bareRate);
  }
  return {
    bare: Math.round(median(rates.bare)),
    node: Math.round(median(rates.node)),
    ratio: Number(median(rates.ratio).toFixed(3)),
  };
}

function rate(result: RoundResult | undefined): number {
  if (result === undefined || result.tokens === 0) throw new Error('a round made no tokens');
  return (result.tokens / result.ms) * 1000;
}
