import { setMaxListeners } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import { AtomaError } from '#src/core/index.js';
import { Devnet, type DevnetFiles, PromptUser, writeDevnetFiles } from '#src/devnet/index.js';
import { NodeProcess } from './node-process.js';

const MODEL_DIR = fileURLToPath(new URL('../../../models/atoma-tiny', import.meta.url));
const QUESTIONS = ['What is Atoma?', 'What is 3 plus 4?', 'Tell me a story about a dragon', 'Name a color.'];
/** The contract's own timeout: what settles after it is late. */
const SETTLEMENT_TIMEOUT_MS = 60_000;
/** How long the last tickets may take once the storm is over; beyond it they count as lost. */
const CALM_MS = 120_000;
const CONNECT_RETRY_MS = 50;

export interface StormOptions {
  /** SIGKILLs of the node, each at a random moment of its life. */
  readonly kills: number;
  /** Longest life of a node between two kills, ms; the shortest is 0. */
  readonly lifeMs: number;
  /** Between two prompts, on average, ms. */
  readonly promptIntervalMs: number;
  readonly seed: number;
  readonly onProgress?: (report: StormReport) => void;
}

export interface StormReport {
  readonly kills: number;
  readonly device_kills: number;
  readonly chain_restarts: number;
  readonly tickets: number;
  readonly settled: number;
  readonly lost: number;
  readonly double_commits: number;
  readonly different_roots: number;
  readonly late: number;
  readonly seconds: number;
}

/**
 * A dev chain, a node, and a user who submits prompts all along, while the node and its device processes are
 * killed at random moments, the chain goes away and comes back, and its streams are cut.
 */
export async function storm(options: StormOptions): Promise<StormReport> {
  const dir = await mkdtemp(join(tmpdir(), 'atoma-storm-'));
  try {
    return await new Storm(options, dir).run();
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

class Storm {
  readonly #options: StormOptions;
  readonly #dir: string;
  readonly #random: () => number;
  readonly #sentAt = new Map<string, number>();
  readonly #settledAt = new Map<string, number>();
  readonly #waiting: Promise<void>[] = [];
  readonly #over = new AbortController();
  readonly #startedAt = performance.now();
  #kills = 0;
  #deviceKills = 0;
  #chainRestarts = 0;
  #node: NodeProcess | undefined;
  /** Nobody can submit prompts while the chain is away, and it does not go away in the middle of one. */
  #chainAway: Promise<void> | undefined;
  #sending: Promise<unknown> = Promise.resolve();

  constructor(options: StormOptions, dir: string) {
    this.#options = options;
    this.#dir = dir;
    this.#random = mulberry32(options.seed);
    // A listener a ticket that waits.
    setMaxListeners(0, this.#over.signal);
  }

  async run(): Promise<StormReport> {
    const logger = pino({ level: 'silent' });
    const chain = await Devnet.start({}, { logger });
    const operator = chain.addNode();
    const account = chain.addUser();
    const user = new PromptUser(
      {
        url: chain.url,
        packageId: chain.packageId,
        tomaPackageId: chain.tomaPackageId,
        atomaDbId: chain.atomaDbId,
        ...account,
      },
      { logger },
    );
    const files = await writeDevnetFiles(chain, operator, account, {
      dir: this.#dir,
      modelPath: MODEL_DIR,
      precision: 'q8_0',
      jrpcPort: 0,
    });
    try {
      await user.start();
      // A node that starts for the first time begins at the chain's tip: what came before is not its own.
      this.#node = new NodeProcess(files);
      await this.#node.ready;
      const around = [this.#prompts(user, chain.model), this.#chainFaults(chain), this.#deviceFaults()];
      await this.#nodeFaults(files, chain);
      this.#over.abort();
      await Promise.all(around);
      await Promise.all(this.#waiting);
      return this.#report(chain);
    } finally {
      this.#over.abort();
      await this.#node?.kill();
      await user.close();
      await chain.stop();
    }
  }

  async #nodeFaults(files: DevnetFiles, chain: Devnet): Promise<void> {
    while (this.#kills < this.#options.kills) {
      await delay(this.#random() * this.#options.lifeMs);
      await this.#node?.kill();
      this.#kills++;
      this.#node = new NodeProcess(files);
      this.#options.onProgress?.(this.#report(chain));
      // Every other life begins with a whole start, so that the storm also hits a node at work.
      if (this.#random() < 0.7) await this.#node.ready;
    }
    if ((await this.#node?.ready) === undefined) throw new Error(`the node ended: ${this.#node?.log}`);
  }

  async #prompts(user: PromptUser, model: string): Promise<void> {
    while (!this.#over.signal.aborted) {
      await delay(this.#random() * 2 * this.#options.promptIntervalMs);
      const question = QUESTIONS[Math.floor(this.#random() * QUESTIONS.length)] ?? '';
      const prompt = `<|im_start|>user\n${question}<|im_end|>\n<|im_start|>assistant\n`;
      const maxTokens = BigInt(8 + Math.floor(this.#random() * 120));
      const temperature = this.#random() < 0.5 ? 0 : 0.8;
      const ticketId = await this.#send(user, { model, prompt, maxTokens, temperature });
      this.#sentAt.set(ticketId, Date.now());
      this.#waiting.push(this.#settlement(user, ticketId));
    }
  }

  /** A client that lost its connection needs a moment to come back; nothing was sent in that. */
  async #send(user: PromptUser, request: Parameters<PromptUser['sendPrompt']>[0]): Promise<string> {
    for (;;) {
      while (this.#chainAway !== undefined) await this.#chainAway;
      const sending = user.sendPrompt(request);
      this.#sending = sending.catch(() => undefined);
      try {
        return (await sending).ticketId;
      } catch (error) {
        if (!(error instanceof AtomaError) || error.code !== 'chain_unavailable') throw error;
        await delay(CONNECT_RETRY_MS);
      }
    }
  }

  async #settlement(user: PromptUser, ticketId: string): Promise<void> {
    const patience = new AbortController();
    const calm = (): void => void setTimeout(() => patience.abort(), CALM_MS).unref();
    if (this.#over.signal.aborted) calm();
    else this.#over.signal.addEventListener('abort', calm, { once: true });
    const settlement = await user.waitForSettlement(ticketId, patience.signal).catch(() => undefined);
    if (settlement?.state === 'settled') this.#settledAt.set(ticketId, settlement.atMs);
  }

  async #chainFaults(chain: Devnet): Promise<void> {
    while (!this.#over.signal.aborted) {
      await delay(1000 + this.#random() * 4000, undefined, { signal: this.#over.signal }).catch(
        () => undefined,
      );
      if (this.#over.signal.aborted) return;
      if (this.#random() < 0.5) chain.dropStreams();
      this.#chainAway = this.#sending.then(() => this.#outage(chain));
      await this.#chainAway;
      this.#chainAway = undefined;
      this.#chainRestarts++;
    }
  }

  async #outage(chain: Devnet): Promise<void> {
    const back = await chain.goOffline();
    await delay(this.#random() * 1000);
    await back();
  }

  async #deviceFaults(): Promise<void> {
    let settledBefore = -1;
    while (!this.#over.signal.aborted) {
      await delay(200 + this.#random() * 1500);
      // A job whose device died twice under it is rightly given up: let some work through in between.
      if (this.#settledAt.size === settledBefore) continue;
      const pids = (await this.#node?.devicePids()) ?? [];
      const pid = pids[Math.floor(this.#random() * pids.length)];
      if (pid === undefined) continue;
      try {
        process.kill(pid, 'SIGKILL');
        this.#deviceKills++;
        settledBefore = this.#settledAt.size;
      } catch {
        // It went with its node.
      }
    }
  }

  #report(chain: Devnet): StormReport {
    const commitments = chain.commitments();
    const byTicket = new Map<string, Set<string>>();
    for (const { ticketId, root } of commitments) {
      byTicket.set(ticketId, (byTicket.get(ticketId) ?? new Set()).add(root));
    }
    const late = [...this.#settledAt].filter(
      ([id, atMs]) => atMs - (this.#sentAt.get(id) ?? 0) > SETTLEMENT_TIMEOUT_MS,
    );
    return {
      kills: this.#kills,
      device_kills: this.#deviceKills,
      chain_restarts: this.#chainRestarts,
      tickets: this.#sentAt.size,
      settled: this.#settledAt.size,
      lost: this.#sentAt.size - this.#settledAt.size,
      double_commits: commitments.length - byTicket.size,
      different_roots: [...byTicket.values()].filter((roots) => roots.size > 1).length,
      late: late.length,
      seconds: Math.round((performance.now() - this.#startedAt) / 1000),
    };
  }
}

/** A small seeded generator of numbers in [0, 1): the storm's moments can be tried again. */
function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
