import { cpus } from 'node:os';
import type { ClientsReply, MemoryReply } from './fanout-side.js';
import { FanoutSide } from './fanout-side.js';
import { median, quantile } from './median.js';

interface FanoutFlags {
  readonly idle: string;
  readonly readers: string;
  readonly tokens: string;
  readonly rate: string;
  readonly rounds: string;
  readonly json?: boolean;
}

interface Delays {
  readonly p50: number;
  readonly p99: number;
}

/** Of one socket: what the system keeps for a client that does not read is full within a second then. */
const STOPPED_SUBSCRIPTIONS = 1000;
const CLIENT_PROCESSES = 2;

/** What idle subscribers cost, and how long a token takes to many readers, also beside one that stops reading. */
export async function fanout(flags: FanoutFlags): Promise<void> {
  const [node, hello] = await FanoutSide.start(new URL('./fanout-node.js', import.meta.url));
  const { url } = hello as { url: string };
  const clients = await Promise.all(
    Array.from({ length: CLIENT_PROCESSES }, async (_, place) => {
      const [side] = await FanoutSide.start(new URL('./fanout-clients.js', import.meta.url), [String(place)]);
      return side;
    }),
  );
  try {
    const bench = new Fanout(url, node, clients);
    const connections = Number(flags.idle);
    const bytes = await bench.bytesPerConnection(connections);
    process.stderr.write(
      `${connections} idle subscribers: ${bytes.rss} bytes of RSS each, ${bytes.heap} of them on the JavaScript heap\n`,
    );
    const reading = {
      readers: Number(flags.readers),
      tokens: Number(flags.tokens),
      rate: Number(flags.rate),
    };
    const alone: Delays[] = [];
    const beside: Delays[] = [];
    for (let round = 0; round <= Number(flags.rounds); round++) {
      const pair = { alone: await bench.delays(reading, false), beside: await bench.delays(reading, true) };
      process.stderr.write(`${round === 0 ? 'warm-up' : `round ${round}`}: ${inWords(pair)}\n`);
      // The first round warms caches and compilers and is not counted.
      if (round > 0) alone.push(pair.alone);
      if (round > 0) beside.push(pair.beside);
    }
    const result = {
      bench: 'fanout',
      connections,
      bytes_per_connection: bytes.rss,
      heap_bytes_per_connection: bytes.heap,
      readers: reading.readers,
      delivery_p50_ms: middle(alone, 'p50'),
      delivery_p99_ms: middle(alone, 'p99'),
      delivery_p99_beside_stopped_ms: middle(beside, 'p99'),
      stopped_reader_bytes: bench.stoppedReaderBytes,
    };
    process.stderr.write(
      `${reading.readers} readers of one stream of ${reading.rate} tokens/s, medians of ${flags.rounds} rounds: p50 ${result.delivery_p50_ms} ms, p99 ${result.delivery_p99_ms} ms; beside one that stopped reading p99 ${result.delivery_p99_beside_stopped_ms} ms; it took ${result.stopped_reader_bytes} bytes of the node's RSS; Node ${process.version}, ${cpus()[0]?.model}, ${cpus().length} cores\n`,
    );
    if (flags.json) process.stdout.write(`${JSON.stringify(result)}\n`);
  } finally {
    for (const side of clients) await side.stop();
    await node.stop();
  }
}

class Fanout {
  /** What the last reader that stopped made the node's memory grow by. */
  stoppedReaderBytes = 0;
  readonly #url: string;
  readonly #node: FanoutSide;
  readonly #clients: readonly FanoutSide[];
  #streams = 0;

  constructor(url: string, node: FanoutSide, clients: readonly FanoutSide[]) {
    this.#url = url;
    this.#node = node;
    this.#clients = clients;
  }

  /**
   * The first half may find memory that the node had given up when it had started: what the larger of the two halves
   * took is what a connection costs.
   */
  async bytesPerConnection(connections: number): Promise<{ rss: number; heap: number }> {
    const half = Math.ceil(connections / 2);
    const steps = [await this.#memory()];
    for (let step = 0; step < 2; step++) {
      await this.#open(half, undefined);
      steps.push(await this.#memory());
    }
    await this.#close();
    const each = (key: keyof MemoryReply): number =>
      Math.max(...[1, 2].map((step) => ((steps[step]?.[key] ?? 0) - (steps[step - 1]?.[key] ?? 0)) / half));
    return { rss: Math.round(each('rss')), heap: Math.round(each('heapUsed')) };
  }

  /** From the moment a token is in the node's main process to its arrival at a reader, ms. */
  async delays(
    { readers, tokens, rate }: { readers: number; tokens: number; rate: number },
    isBesideStopped: boolean,
  ): Promise<Delays> {
    const id = `fanout-${this.#streams++}`;
    const opened = this.#node.next();
    this.#node.send({ kind: 'play', id, tokens, tokensPerSecond: rate });
    await opened;
    await this.#open(readers, id);
    const before = await (isBesideStopped ? this.#openStopped(id) : 0);
    const played = this.#node.next();
    this.#node.send('go');
    const { sentAtMs } = (await played) as { sentAtMs: readonly number[] };
    const replies = await Promise.all(
      this.#clients.map((side) => side.ask<ClientsReply>({ kind: 'received' })),
    );
    if (isBesideStopped) this.stoppedReaderBytes = (await this.#memory()).rss - before;
    await this.#close();
    const delays = replies.flatMap(({ received }) => delaysOf(received, sentAtMs));
    if (delays.length < readers * tokens * 0.5) throw new Error(`only ${delays.length} frames came`);
    return { p50: quantile(delays, 0.5), p99: quantile(delays, 0.99) };
  }

  async #openStopped(request: string): Promise<number> {
    await this.#clients[0]?.ask({
      kind: 'open',
      url: this.#url,
      sockets: 1,
      subscriptions: STOPPED_SUBSCRIPTIONS,
      request,
      stopReading: true,
    });
    return (await this.#memory()).rss;
  }

  async #open(sockets: number, request: string | undefined): Promise<void> {
    const each = Math.ceil(sockets / this.#clients.length);
    const order = { kind: 'open', url: this.#url, subscriptions: 1, request, stopReading: false } as const;
    await Promise.all(this.#clients.map((side) => side.ask({ ...order, sockets: each })));
  }

  async #close(): Promise<void> {
    await Promise.all(this.#clients.map((side) => side.ask({ kind: 'close' })));
  }

  #memory(): Promise<MemoryReply> {
    return this.#node.ask({ kind: 'memory' });
  }
}

/** Of a message that holds several tokens, that of the first: it waited longest. */
function delaysOf(received: readonly number[], sentAtMs: readonly number[]): number[] {
  const delays: number[] = [];
  for (let at = 0; at < received.length; at += 2) {
    delays.push((received[at + 1] ?? Number.NaN) - (sentAtMs[received[at] ?? 0] ?? Number.NaN));
  }
  return delays;
}

function middle(rounds: readonly Delays[], key: keyof Delays): number {
  return Number(median(rounds.map((round) => round[key])).toFixed(2));
}

function inWords({ alone, beside }: { alone: Delays; beside: Delays }): string {
  const words = ({ p50, p99 }: Delays): string => `p50 ${p50.toFixed(2)} ms, p99 ${p99.toFixed(2)} ms`;
  return `${words(alone)}; beside one that stopped reading ${words(beside)}`;
}
