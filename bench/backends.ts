import { cpus } from 'node:os';
import type { Backend } from '#src/core/index.js';
import { startForked } from './forked-side.js';
import { median } from './median.js';
import { DEMO_FILE, type Side, type Workload } from './workload.js';

interface BackendsFlags {
  readonly rounds: string;
  readonly tokens: string;
  readonly json?: boolean;
}

const BASELINE = 'llama';
const BACKENDS: readonly Backend[] = [BASELINE, 'onnx', 'wasm'];

/** Tokens a second of each backend on one CPU thread, in alternating rounds, and its ratio to llama.cpp. */
export async function backends(flags: BackendsFlags): Promise<void> {
  const workload: Workload = {
    file: DEMO_FILE,
    streams: 1,
    threads: 1,
    contextSize: 512,
    maxTokens: Number(flags.tokens),
    promptsPerStream: 8,
  };
  const script = new URL('./backend-loop.js', import.meta.url);
  const sides = new Map<Backend, Side>();
  for (const backend of BACKENDS) sides.set(backend, await startForked(script, { backend, workload }));
  try {
    const report = await compare(sides, Number(flags.rounds));
    for (const [backend, { rate, ratio }] of Object.entries(report)) {
      process.stderr.write(`${backend}: ${rate} tokens/s, ratio ${ratio}\n`);
    }
    process.stderr.write(
      `${flags.rounds} rounds each, medians; Node ${process.version}, ${cpus()[0]?.model}, ${cpus().length} cores\n`,
    );
    if (flags.json) process.stdout.write(`${JSON.stringify({ bench: 'backends', backends: report })}\n`);
  } finally {
    for (const side of sides.values()) await side.stop();
  }
}

async function compare(
  sides: ReadonlyMap<Backend, Side>,
  rounds: number,
): Promise<Record<string, { readonly rate: number; readonly ratio: number }>> {
  const rates = new Map<Backend, number[]>(BACKENDS.map((backend) => [backend, []]));
  // The first round warms caches and compilers and is not counted.
  for (let round = 0; round <= rounds; round++) {
    for (const [backend, side] of sides) {
      const { tokens, ms } = await side.round();
      if (round > 0) rates.get(backend)?.push((tokens / ms) * 1000);
    }
  }
  const base = rates.get(BASELINE) ?? [];
  return Object.fromEntries(
    [...rates].map(([backend, own]) => {
      const ratio = median(own.map((rate, round) => rate / (base[round] ?? Number.NaN)));
      return [backend, { rate: Math.round(median(own)), ratio: Number(ratio.toFixed(3)) }];
    }),
  );
}
