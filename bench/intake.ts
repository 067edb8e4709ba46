import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ChainBatch, SuiChain } from '#src/chain/index.js';
import { IntakeNode } from './intake-node.js';
import { type BenchChain, type LiveEvent, startBenchChain } from './intake-side.js';
import { median, quantile } from './median.js';

interface IntakeFlags {
  readonly events: string;
  readonly live: string;
  readonly rounds: string;
  readonly json?: boolean;
}

/** Of so many events, one is for the node. */
const OWN_EVERY = 100;
/** So many prompts a second as a large network has, and never two at the same moment by design. */
const LIVE_GAP_MS = 10;

/** How many events a second come in from a backlog, and how long a live one takes to the start of its job. */
export async function intake(flags: IntakeFlags): Promise<void> {
  const events = Number(flags.events);
  const whole: number[] = [];
  const ratios: number[] = [];
  const chain = await startBenchChain();
  const dir = await mkdtemp(join(tmpdir(), 'atoma-bench-intake-'));
  try {
    const start = await tipCursor(chain);
    await chain.fill(events, OWN_EVERY);
    // The first round warms caches and compilers and is not counted.
    for (let round = 0; round <= Number(flags.rounds); round++) {
      const alone = await readAlone(chain, start, events);
      const cpu = process.cpuUsage();
      const rate = await readWhole(chain, start, events, dir);
      const { user, system } = process.cpuUsage(cpu);
      const name = round === 0 ? 'warm-up' : `round ${round}`;
      const microseconds = ((user + system) / events).toFixed(1);
      // On a busy machine the rate says what was left of it; the time on a core stays.
      process.stderr.write(
        `${name}: ${Math.round(rate)} events/s, ${microseconds} µs of CPU each; chain client alone ${Math.round(alone)} events/s\n`,
      );
      if (round === 0) continue;
      whole.push(rate);
      ratios.push(rate / alone);
    }
    const delays = await liveDelays(chain, Number(flags.live), dir);
    const result = {
      bench: 'intake',
      events_per_second: Math.round(median(whole)),
      live_p50_ms: Number(quantile(delays, 0.5).toFixed(2)),
      live_p99_ms: Number(quantile(delays, 0.99).toFixed(2)),
    };
    process.stderr.write(
      `backlog of ${events}: ${result.events_per_second} events/s, median of ${whole.length}, ${median(ratios).toFixed(2)} of the chain client alone; ${delays.length} live, event to job start: p50 ${result.live_p50_ms} ms, p99 ${result.live_p99_ms} ms; Node ${process.version}, ${cpus()[0]?.model}, ${cpus().length} cores\n`,
    );
    if (flags.json) process.stdout.write(`${JSON.stringify(result)}\n`);
  } finally {
    await chain.stop();
    await rm(dir, { recursive: true, force: true });
  }
}

/** Follows until the callback says that it is enough. */
async function follow(
  chain: SuiChain,
  after: string | undefined,
  onBatch: (batch: ChainBatch) => 'more' | 'enough',
): Promise<void> {
  const stop = new AbortController();
  for await (const batch of chain.follow({ after, acceptGap: false, signal: stop.signal })) {
    if (onBatch(batch) === 'enough') stop.abort();
  }
}

async function tipCursor(bench: BenchChain): Promise<string> {
  const chain = await bench.connect();
  let cursor = '';
  await follow(chain, undefined, (batch) => {
    cursor = batch.cursor;
    return 'enough';
  });
  await chain.close();
  return cursor;
}

/** Events a second of the chain client with a reader that does nothing. */
async function readAlone(bench: BenchChain, after: string, events: number): Promise<number> {
  const chain = await bench.connect();
  let seen = 0;
  const startedAt = performance.now();
  await follow(chain, after, (batch) => {
    seen += batch.events.length;
    return seen < events ? 'more' : 'enough';
  });
  const seconds = (performance.now() - startedAt) / 1000;
  await chain.close();
  return seen / seconds;
}

/** Events a second into the journal, jobs of the node's own tickets started. */
async function readWhole(bench: BenchChain, after: string, events: number, dir: string): Promise<number> {
  const node = await IntakeNode.open(await bench.connect(), after, { dir, ...bench.node });
  let seen = 0;
  const startedAt = performance.now();
  await node.read((dealtWith) => {
    seen += dealtWith;
    return seen >= events;
  });
  const seconds = (performance.now() - startedAt) / 1000;
  await node.close();
  return seen / seconds;
}

/** ms from an event's emission to the start of its job, for each event. */
async function liveDelays(bench: BenchChain, events: number, dir: string): Promise<number[]> {
  const node = await IntakeNode.open(await bench.connect(), undefined, { dir, ...bench.node });
  let emitted: Promise<readonly LiveEvent[]> | undefined;
  let seen = 0;
  await node.read((dealtWith) => {
    emitted ??= bench.live(events, LIVE_GAP_MS);
    seen += dealtWith;
    return seen >= events && node.jobsStarted >= events;
  });
  const sent = (await emitted) ?? [];
  const starts = node.jobStarts();
  await node.close();
  return sent.map(({ id, atMs }) => (starts.get(id) ?? Number.NaN) - atMs);
}
