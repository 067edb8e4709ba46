import { once } from 'node:events';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { WebSocket } from 'ws';

/**
 * The clients of an overloaded node, in a process of their own: what is measured is the node's delay and not
 * that of a test that is busy with a chain. Reads one order from its parent, answers with one report.
 */

/** What the clients are to do. */
export interface OpenLoopOrder {
  readonly url: string;
  /** Requests each second, sent whether or not the former ones were answered. */
  readonly rate: number;
  readonly seconds: number;
  readonly prompt: string;
  readonly maxTokens: number;
}

/** What became of the requests. */
export interface OpenLoopReport {
  readonly sent: number;
  readonly answered: number;
  /** `busy`, with the time to come back. */
  readonly refused: number;
  /** Neither, with the first few texts. */
  readonly other: readonly string[];
  /** From sending to the node's last word, ms: of the refusals, and of the answers without their run. */
  readonly refusalMs: readonly number[];
  /** How long an answered request waited before it ran, by the node's own clock, ms. */
  readonly queuedMs: readonly number[];
  /** The whole way of the answered, ms. */
  readonly answerMs: readonly number[];
  /**
   * How long the machine itself holds a process up at worst, ms: the time in which this one, idle as it is,
   * did not come to read, and a write of one page to the disk beside it. No node on it can do better.
   */
  readonly machineDelayMs: number;
  /** CPU time of the clients. */
  readonly cpuSeconds: number;
}

/** Each socket may have 256 calls at once; the node has to answer faster than that. */
const SOCKETS = 16;
const TICK_MS = 5;
/** As often as a node under load syncs its journal. */
const DISK_INTERVAL_MS = 50;
const PAGE = Buffer.alloc(4096);
/**
 * Requests without any answer so long after the last was sent are lost, ms: whatever else the machine does, a node
 * that has them still answers within it. That it answers soon is measured apart.
 */
const PATIENCE_MS = 90_000;

class OpenLoop {
  readonly #order: OpenLoopOrder;
  readonly #sentAt = new Map<number, number>();
  // Without a bound: a request that waits here for a socket waits for others to be answered, as no real client does.
  readonly #agent = new Agent({ keepAlive: true });
  readonly #sockets: WebSocket[] = [];
  readonly #refusalMs: number[] = [];
  readonly #answerMs: number[] = [];
  readonly #queuedMs: number[] = [];
  readonly #other: string[] = [];
  #sent = 0;
  #readDelayMs = 0;
  #diskDelayMs = 0;

  constructor(order: OpenLoopOrder) {
    this.#order = order;
  }

  async run(): Promise<OpenLoopReport> {
    for (let i = 0; i < SOCKETS; i++) this.#sockets.push(await this.#connect());
    const watch = this.#watchReadDelay();
    const sent = new AbortController();
    const disk = this.#watchDisk(sent.signal);
    await this.#send();
    sent.abort();
    await disk;
    const until = performance.now() + PATIENCE_MS;
    while (this.#sentAt.size > 0 && performance.now() < until) await delay(TICK_MS);
    clearInterval(watch);
    if (this.#sentAt.size > 0) this.#other.push(`${this.#sentAt.size} without any answer`);
    for (const socket of this.#sockets) socket.terminate();
    this.#agent.destroy();
    const cpu = process.cpuUsage();
    return {
      sent: this.#sent,
      answered: this.#answerMs.length,
      refused: this.#refusalMs.length,
      other: this.#other,
      refusalMs: this.#refusalMs,
      answerMs: this.#answerMs,
      queuedMs: this.#queuedMs,
      machineDelayMs: this.#readDelayMs + this.#diskDelayMs,
      cpuSeconds: (cpu.user + cpu.system) / 1e6,
    };
  }

  async #connect(): Promise<WebSocket> {
    const socket = new WebSocket(`${this.#order.url.replace('http', 'ws')}/ws`);
    socket.on('message', (data) => this.#heard(String(data)));
    await once(socket, 'open');
    return socket;
  }

  /** As many as the time says, so that a late tick is made up for. */
  async #send(): Promise<void> {
    const { rate, seconds } = this.#order;
    const startedAt = performance.now();
    const total = Math.round(rate * seconds);
    while (this.#sent < total) {
      const due = Math.min(total, Math.ceil(((performance.now() - startedAt) / 1000) * rate));
      while (this.#sent < due) this.#one(this.#sent++);
      await delay(TICK_MS);
    }
  }

  /** Every fourth over HTTP. */
  #one(id: number): void {
    const { prompt, maxTokens } = this.#order;
    const params = { prompt, max_tokens: maxTokens, temperature: 0 };
    const body = JSON.stringify({ jsonrpc: '2.0', id, method: 'atoma_generate', params });
    this.#sentAt.set(id, performance.now());
    if (id % 4 === 0) this.#post(body);
    else this.#sockets[id % SOCKETS]?.send(body);
  }

  #post(body: string): void {
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    const call = request(this.#order.url, { method: 'POST', agent: this.#agent, headers }, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('end', () => this.#heard(String(Buffer.concat(parts))));
    });
    call.on('error', (error) => this.#odd(String(error)));
    call.end(body);
  }

  #heard(text: string): void {
    const { id, result, error } = JSON.parse(text);
    const sentAt = this.#sentAt.get(id);
    if (sentAt === undefined) {
      this.#odd(text);
      return;
    }
    this.#sentAt.delete(id);
    const ms = performance.now() - sentAt;
    if (result !== undefined) {
      this.#answerMs.push(ms);
      this.#queuedMs.push(Number(result.timings.queued_ms));
    } else if (error.data?.code === 'busy' && error.data.retry_after_ms > 0) this.#refusalMs.push(ms);
    else this.#odd(text);
  }

  #odd(text: string): void {
    if (this.#other.length < 5) this.#other.push(text.slice(0, 300));
  }

  async #watchDisk(signal: AbortSignal): Promise<void> {
    const dir = await mkdtemp(join(tmpdir(), 'atoma-disk-'));
    const file = await open(join(dir, 'page'), 'w');
    while (!signal.aborted) {
      const startedAt = performance.now();
      await file.write(PAGE, 0, PAGE.length, 0);
      await file.sync();
      this.#diskDelayMs = Math.max(this.#diskDelayMs, performance.now() - startedAt);
      await delay(DISK_INTERVAL_MS);
    }
    await file.close();
    await rm(dir, { recursive: true });
  }

  #watchReadDelay(): NodeJS.Timeout {
    let last = performance.now();
    return setInterval(() => {
      const now = performance.now();
      this.#readDelayMs = Math.max(this.#readDelayMs, now - last - TICK_MS);
      last = now;
    }, TICK_MS);
  }
}

process.once('message', (order: OpenLoopOrder) => {
  void new OpenLoop(order).run().then((report) => {
    process.send?.(report, () => process.disconnect());
  });
});
