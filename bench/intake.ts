import { cpus } from 'node:os';
import type { ChainBatch, SuiChain } from '#src/chain/index.js';
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
/** A hundred prompts a second on average, at random moments: now and then several come close together. */
const LIVE_GAP_MS = 10;

/** What deals with batches, as the node's journal does. */
interface Consumer {
  /** Returns when the batch has been dealt with. */
  onBatch(batch: ChainBatch): void;
  close(): void;
}

/** Drops everything, so that the chain client is measured alone. */
function openConsumer(): Consumer {
  return { onBatch: () => undefined, close: () => undefined };
}

/** How many events a second come in from a backlog, and how long a live one takes from its emission. */
export async function intake(flags: IntakeFlags): Promise<void> {
  const events = Number(flags.events);
  const rates: number[] = [];
  const chain = await startBenchChain();
  try {
    const start = await tipCursor(chain);
    await chain.fill(events, OWN_EVERY);
    // The first round warms caches and compilers and is not counted.
    for (let round = 0; round <= Number(flags.rounds); round++) {
      const cpu = process.cpuUsage();
      const rate = await readBacklog(chain, start, events);
      const { user, system } = process.cpuUsage(cpu);
      const name = round === 0 ? 'warm-up' : `round ${round}`;
      const microseconds = ((user + system) / events).toFixed(1);
      // On a busy machine the rate says what was left of it; the time on a core stays.
      process.stderr.write(`${name}: ${Math.round(rate)} events/s, ${microseconds} µs of CPU each\n`);
      if (round > 0) rates.push(rate);
    }
    const delays = await liveDelays(chain, Number(flags.live));
    const result = {
      bench: 'intake',
      events_per_second: Math.round(median(rates)),
      live_p50_ms: Number(quantile(delays, 0.5).toFixed(2)),
      live_p99_ms: Number(quantile(delays, 0.99).toFixed(2)),
    };
    process.stderr.write(
      `backlog of ${events}: ${result.events_per_second} events/s, median of ${rates.length}; ${delays.length} live: p50 ${result.live_p50_ms} ms, p99 ${result.live_p99_ms} ms; Node ${process.version}, ${cpus()[0]?.model}, ${cpus().length} cores\n`,
    );
    if (flags.json) process.stdout.write(`${JSON.stringify(result)}\n`);
  } finally {
    await chain.stop();
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

/** Events a second, from the first call of a fresh connection to the last event dealt with. */
async function readBacklog(bench: BenchChain, after: string, events: number): Promise<number> {
  const chain = await bench.connect();
  const consumer = openConsumer();
  let seen = 0;
  const startedAt = performance.now();
  await follow(chain, after, (batch) => {
    consumer.onBatch(batch);
    seen += batch.events.length;
    return seen < events ? 'more' : 'enough';
  });
  const seconds = (performance.now() - startedAt) / 1000;
  consumer.close();
  await chain.close();
  return seen / seconds;
}

/** ms from an event's emission to when its batch was dealt with, for each event. */
async function liveDelays(bench: BenchChain, events: number): Promise<number[]> {
  const chain = await bench.connect();
  const consumer = openConsumer();
  const dealtWith = new Map<string, number>();
  let emitted: Promise<readonly LiveEvent[]> | undefined;
  await follow(chain, undefined, (batch) => {
    consumer.onBatch(batch);
    const now = performance.timeOrigin + performance.now();
    for (const { id } of batch.events) dealtWith.set(id, now);
    emitted ??= bench.live(events, LIVE_GAP_MS);
    return dealtWith.size < events ? 'more' : 'enough';
  });
  const sent = (await emitted) ?? [];
  consumer.close();
  await chain.close();
  return sent.map(({ id, atMs }) => (dealtWith.get(id) ?? Number.NaN) - atMs);
}
