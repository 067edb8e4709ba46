import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import type { Test } from 'tap';
import { z } from 'zod';
import { AtomaError } from '#src/core/index.js';
import {
  Devnet,
  type DevnetFiles,
  type DevnetNode,
  type DevnetOptions,
  type DevnetUser,
  PromptUser,
  type SentPrompt,
  writeDevnetFiles,
} from '#src/devnet/index.js';
import { NodeProcess } from './node-process.js';

const MODEL_DIR = fileURLToPath(new URL('../../../models/atoma-tiny', import.meta.url));
/** Between two looks at something that has no event to wait for, ms. */
const POLL_MS = 25;
/** What a test waits for comes in a second or two, also on a machine that is busy with others. */
const PATIENCE_MS = 40_000;
/** One small worker: these tests start many nodes, and what they measure is not speed. */
const POOL = '[pool]\nworkers = 1\nsequences = 2\nthreads = 1\n';
const logger = pino({ level: 'silent' });

interface SeatOptions {
  /** Default a new one, which goes with the test. */
  readonly dir?: string;
  /** Written before what is in the chain client's file. */
  readonly clientToml?: string;
  /** The table `[pool]` of the model service's file. */
  readonly pool?: string;
  /** See {@link NodeProcessOptions.main}. */
  readonly main?: string | undefined;
}

type Request = Partial<Parameters<PromptUser['sendPrompt']>[0]>;

/** A dev chain and a user of it; everything goes when the test ends. */
export class Network {
  readonly chain: Devnet;
  readonly account: DevnetUser;
  readonly #t: Test;
  #user: PromptUser;

  private constructor(t: Test, chain: Devnet, account: DevnetUser, user: PromptUser) {
    this.#t = t;
    this.chain = chain;
    this.account = account;
    this.#user = user;
  }

  static async start(t: Test, options: Partial<DevnetOptions> = {}): Promise<Network> {
    const chain = await Devnet.start({ checkpointMs: 50, ...options }, { logger });
    t.teardown(() => chain.stop());
    const account = chain.addUser();
    const user = userOf(chain, account);
    t.teardown(() => user.close());
    await user.start();
    return new Network(t, chain, account, user);
  }

  /** A registered node's files in a folder of its own. */
  async seat(operator: DevnetNode, options: SeatOptions = {}): Promise<Seat> {
    const { clientToml = '', pool = POOL, main } = options;
    const home = options.dir ?? (await tempDir(this.#t));
    const model = { dir: home, modelPath: MODEL_DIR, precision: 'q8_0', jrpcPort: 0 };
    const files = await writeDevnetFiles(this.chain, operator, this.account, model);
    const path = files.atomaSuiClientConfigPath;
    await writeFile(path, `${clientToml}\n${await readFile(path, 'utf8')}`);
    await appendFile(files.modelConfigPath, pool);
    return new Seat(this.#t, operator, files, home, main);
  }

  /** Another client of the same user: one that follows the chain ends where history was pruned before it. */
  async renewUser(): Promise<void> {
    await this.#user.close();
    this.#user = userOf(this.chain, this.account);
    const user = this.#user;
    this.#t.teardown(() => user.close());
    await user.start();
  }

  async send(request: Request = {}): Promise<SentPrompt> {
    return await this.#user.sendPrompt({
      model: this.chain.model,
      prompt: 'What is Atoma?',
      maxTokens: 4n,
      ...request,
    });
  }

  /** After the chain was away: the user's connection needs a moment, and nothing was sent in that. */
  async sendPatiently(request: Request = {}): Promise<SentPrompt> {
    for (;;) {
      try {
        return await this.send(request);
      } catch (error) {
        if (!(error instanceof AtomaError) || error.code !== 'chain_unavailable') throw error;
        await delay(POLL_MS);
      }
    }
  }

  async settled(...ticketIds: readonly string[]): Promise<void> {
    const signal = AbortSignal.timeout(PATIENCE_MS);
    for (const id of ticketIds) {
      const { state } = await this.#user.waitForSettlement(id, signal);
      this.#t.equal(state, 'settled', `ticket ${id} came out`);
    }
  }
}

/** A node's place: its files, from which it can be started again and again. */
export class Seat {
  readonly operator: DevnetNode;
  readonly files: DevnetFiles;
  readonly dir: string;
  readonly #t: Test;
  readonly #main: string | undefined;

  constructor(t: Test, operator: DevnetNode, files: DevnetFiles, dir: string, main?: string) {
    this.#t = t;
    this.#main = main;
    this.operator = operator;
    this.files = files;
    this.dir = dir;
  }

  get journalPath(): string {
    return join(this.dir, 'data', 'journal.sqlite');
  }

  /** Starts a node that logs at `info`; ends with the test at the latest. */
  start(...args: readonly string[]): NodeProcess {
    const node = new NodeProcess(this.files, args, { logLevel: 'info', main: this.#main });
    this.#t.teardown(() => node.kill());
    return node;
  }

  /** Starts a node and waits until it follows the chain. */
  async serve(...args: readonly string[]): Promise<Serving> {
    const node = this.start(...args);
    const url = await node.ready;
    if (url === undefined) throw new Error(`the node ended with ${await node.ended}: ${node.log}`);
    const serving = new Serving(node, url);
    await serving.untilReady();
    return serving;
  }

  /** A node that need not be ready. @throws Error where it has ended instead of listening */
  through(node: NodeProcess, url: string | undefined): Serving {
    if (url === undefined) throw new Error(`the node ended: ${node.log}`);
    return new Serving(node, url);
  }
}

const Readiness = z.object({ ready: z.boolean(), reasons: z.array(z.string()) });
const Ticket = z.object({
  state: z.string(),
  leaf_index: z.string(),
  answer: z.object({ text: z.string(), input_tokens: z.number(), output_tokens: z.number() }).nullish(),
});

/** A node at work, through its RPC. */
export class Serving {
  readonly node: NodeProcess;
  readonly url: string;

  constructor(node: NodeProcess, url: string) {
    this.node = node;
    this.url = url;
  }

  async readyz(): Promise<{ readonly status: number; readonly reasons: readonly string[] }> {
    const response = await fetch(`${this.url}/readyz`);
    return { status: response.status, reasons: Readiness.parse(await response.json()).reasons };
  }

  async untilReady(): Promise<void> {
    await until('the node is ready', async () => (await this.readyz()).status === 200);
  }

  async untilReason(reason: RegExp): Promise<void> {
    await until(`not ready: ${reason}`, async () =>
      (await this.readyz()).reasons.some((text) => reason.test(text)),
    );
  }

  async call(method: string, params: Record<string, unknown> = {}): Promise<unknown> {
    const response = await fetch(this.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
    });
    const { result, error } = z
      .object({ result: z.unknown(), error: z.unknown() })
      .partial()
      .parse(await response.json());
    if (error !== undefined) throw new Error(JSON.stringify(error));
    return result;
  }

  async ticket(ticketId: string): Promise<z.infer<typeof Ticket>> {
    return Ticket.parse(await this.call('atoma_getTicket', { ticket_id: ticketId }));
  }

  /** Resolves when the node has read that these tickets settled. */
  async settledInJournal(...ticketIds: readonly string[]): Promise<void> {
    for (const id of ticketIds) {
      await until(
        `ticket ${id} settles in the journal`,
        async () => (await this.ticket(id)).state === 'settled',
      );
    }
  }

  /** How many tickets are in each state. */
  async counts(): Promise<Readonly<Record<string, number>>> {
    const info = await this.call('atoma_nodeInfo');
    return z.object({ tickets: z.record(z.string(), z.number()) }).parse(info).tickets;
  }
}

/** Resolves when `condition` holds; looked at again and again, since nothing tells. */
export async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`waited ${PATIENCE_MS} ms in vain: ${what}`);
    await delay(POLL_MS);
  }
}

/** Resolves when a node's log says so: what it writes comes through a pipe, after an answer or even its end. */
export async function logged(node: NodeProcess, text: RegExp): Promise<void> {
  await until(`the log says ${text}`, () => text.test(node.log));
}

async function tempDir(t: Test): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'atoma-test-'));
  t.teardown(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

function userOf(chain: Devnet, account: DevnetUser): PromptUser {
  const { url, packageId, tomaPackageId, atomaDbId } = chain;
  return new PromptUser({ url, packageId, tomaPackageId, atomaDbId, ...account }, { logger });
}
