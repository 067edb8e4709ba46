import { appendFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pino } from 'pino';
import type { Test } from 'tap';
import { z } from 'zod';
import { RpcClient } from '#src/cli/rpc-client.js';
import type { Ticket } from '#src/core/index.js';
import {
  Devnet,
  type DevnetFiles,
  type DevnetNode,
  type DevnetUser,
  PromptUser,
  writeDevnetFiles,
} from '#src/devnet/index.js';
import { Journal } from '#src/tickets/index.js';
import { MODEL_DIR } from '../e2e/cli.js';
import { NodeProcess, type NodeProcessOptions } from './node-process.js';

/** Between two looks at something that has no event to wait for, ms. */
const POLL_MS = 10;
/** Far above what any wait of these tests takes on a busy machine, below the time limit of a file. */
const PATIENCE_MS = 60_000;

export const PERU = '<|im_start|>user\nWhat is the capital of Peru?<|im_end|>\n<|im_start|>assistant\n';
export const LIMA = 'The capital of Peru is Lima.';

/**
 * Greedy, so that each run gives the same text, and it goes on to `maxTokens`: a penalty below 1 rewards
 * repetition until the end token is never the first choice.
 */
export const LONG = { prompt: '1 2 3 4', temperature: 0, repeatPenalty: 0.02, repeatLastN: 64n } as const;
/** The same for `atoma_generate`. */
export const LONG_REQUEST = {
  prompt: LONG.prompt,
  temperature: LONG.temperature,
  repeat_penalty: LONG.repeatPenalty,
  repeat_last_n: 64,
} as const;

const Readiness = z.object({ ready: z.boolean(), reasons: z.array(z.string()) });
const Reply = z.object({
  result: z.unknown().optional(),
  error: z.object({ message: z.string(), data: z.object({ code: z.string() }) }).optional(),
});

/** A chain in this process, a user of it, and nodes in processes of their own, each ended with the test. */
export class Stage {
  readonly chain: Devnet;
  readonly user: PromptUser;
  readonly operator: DevnetNode;
  /** Of the one node that is registered. */
  readonly files: DevnetFiles;
  readonly #t: Test;
  readonly #account: DevnetUser;
  readonly #dir: string;

  private constructor(
    parts: Pick<Stage, 'chain' | 'user' | 'operator' | 'files'>,
    t: Test,
    account: DevnetUser,
    dir: string,
  ) {
    this.chain = parts.chain;
    this.user = parts.user;
    this.operator = parts.operator;
    this.files = parts.files;
    this.#t = t;
    this.#account = account;
    this.#dir = dir;
  }

  /** @param sequences of the node's one worker */
  static async set(t: Test, sequences = 2): Promise<Stage> {
    const logger = pino({ level: 'silent' });
    const dir = await mkdtemp(join(tmpdir(), 'atoma-fault-'));
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
    t.teardown(async () => {
      await user.close();
      await chain.stop();
      await rm(dir, { recursive: true, force: true });
    });
    await user.start();
    const options = { dir: join(dir, 'node'), modelPath: MODEL_DIR, precision: 'q8_0', jrpcPort: 0 };
    const files = await writeDevnetFiles(chain, operator, account, options);
    // The model goes on beyond the length it was trained on, if not sensibly: a job can be made as long as wanted.
    const pool = `\n[pool]\nworkers = 1\nsequences = ${sequences}\ncontext_size = 16384\n`;
    await appendFile(files.modelConfigPath, pool);
    return new Stage({ chain, user, operator, files }, t, account, dir);
  }

  /** Another copy of the node's files, in a folder of its own: the same badge, another `data_dir`. */
  copy(change: { readonly jrpcPort?: number; readonly url?: string } = {}): Promise<DevnetFiles> {
    const { packageId, tomaPackageId, atomaDbId, model } = this.chain;
    const chain = { url: change.url ?? this.chain.url, packageId, tomaPackageId, atomaDbId, model };
    return writeDevnetFiles(chain, this.operator, this.#account, {
      dir: join(this.#dir, 'copy'),
      modelPath: MODEL_DIR,
      precision: 'q8_0',
      jrpcPort: change.jrpcPort ?? 0,
    });
  }

  /** @param options `args` are further ones of `start` */
  node(
    options: NodeProcessOptions & { readonly args?: readonly string[] } = {},
    files = this.files,
  ): NodeProcess {
    const node = new NodeProcess(files, options.args, options);
    this.#t.teardown(async () => {
      node.child.kill('SIGKILL');
      await node.closed;
    });
    return node;
  }

  /** A ticket's id. */
  async send(request: Omit<Parameters<PromptUser['sendPrompt']>[0], 'model'>): Promise<string> {
    return (await this.user.sendPrompt({ model: this.chain.model, ...request })).ticketId;
  }

  async settled(ticketId: string): Promise<void> {
    const { state } = await this.user.waitForSettlement(ticketId, AbortSignal.timeout(PATIENCE_MS));
    if (state !== 'settled') throw new Error(`ticket ${ticketId} is ${state}`);
  }

  /** How often the node has committed to a ticket. */
  commitments(ticketId: string): number {
    return this.chain.commitments().filter((commitment) => commitment.ticketId === ticketId).length;
  }

  /** The journal's file. */
  get journalPath(): string {
    return join(this.#dir, 'node', 'data', 'journal.sqlite');
  }

  /** The ticket as it stands in the node's journal, whether the node runs or not. */
  ticket(ticketId: string): Ticket {
    const journal = Journal.open({ path: this.journalPath, badge: this.operator.badgeId, readOnly: true });
    try {
      const ticket = journal.get(ticketId);
      if (ticket === undefined) throw new Error(`the journal has no ticket ${ticketId}`);
      return ticket;
    } finally {
      journal.close();
    }
  }

  /** A WebSocket client of a node. */
  async client(url: string): Promise<RpcClient> {
    const client = await RpcClient.connect(url);
    this.#t.teardown(() => client.close());
    return client;
  }
}

/** The URL of a node that must come up; it takes tickets then, so that those sent later are its own. */
export async function ready(node: NodeProcess): Promise<string> {
  const url = await node.ready;
  if (url === undefined) throw new Error(`the node ended: ${node.log}`);
  await until(async () => ((await notReady(url)) === undefined ? true : undefined));
  return url;
}

/** Asks again and again until `look` gives something. */
export async function until<T>(look: () => T | undefined | Promise<T | undefined>): Promise<T> {
  const patience = AbortSignal.timeout(PATIENCE_MS);
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    await delay(POLL_MS, undefined, { signal: patience });
  }
}

/** Why the node is not ready, as `/readyz` tells; undefined while it is. */
export async function notReady(url: string): Promise<string | undefined> {
  const response = await fetch(`${url}/readyz`);
  const { ready: isReady, reasons } = Readiness.parse(await response.json());
  if (isReady === (response.status === 503))
    throw new Error(`/readyz says ${isReady} with ${response.status}`);
  return isReady ? undefined : reasons.join('; ');
}

/** Calls a method over HTTP; the parsed response. */
export async function call(
  url: string,
  method: string,
  params: Readonly<Record<string, unknown>> = {},
): Promise<z.infer<typeof Reply>> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
  });
  return Reply.parse(await response.json());
}
