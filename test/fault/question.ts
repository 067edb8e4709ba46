import { appendFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import type { Test } from 'tap';
import type { Ticket } from '#src/core/index.js';
import {
  Devnet,
  type DevnetFiles,
  type DevnetNode,
  PromptUser,
  type Settlement,
  writeDevnetFiles,
} from '#src/devnet/index.js';
import { Journal } from '#src/tickets/index.js';

const MODEL_DIR = fileURLToPath(new URL('../../../models/atoma-tiny', import.meta.url));
const QUESTION = '<|im_start|>user\nWhat is the capital of Peru?<|im_end|>\n<|im_start|>assistant\n';
/** What the model answers to the question of {@link Network.ask}. */
export const ANSWER = 'The capital of Peru is Lima.';
const POLL_INTERVAL_MS = 20;

/** A dev chain, one registered node with its files, and a user. */
export interface Network {
  readonly chain: Devnet;
  readonly operator: DevnetNode;
  readonly files: DevnetFiles;
  readonly journalPath: string;
  /** Sends the question, greedily; resolves with the ticket's id. */
  ask(): Promise<string>;
  /** Resolves when the user has seen the ticket settle. */
  settlement(ticketId: string): Promise<Settlement>;
  /** What the node's journal has of a ticket, once that is as wanted; read beside the node. */
  ticket(ticketId: string, wanted: (ticket: Ticket) => boolean): Promise<Ticket>;
}

/** @param urlFor where the node finds the chain: through a proxy, for instance. Default: the chain's own URL. */
export async function network(
  t: Test,
  urlFor: (chain: Devnet) => Promise<string> = async (chain) => chain.url,
): Promise<Network> {
  const logger = pino({ level: 'silent' });
  const chain = await Devnet.start({}, { logger });
  const operator = chain.addNode();
  const account = chain.addUser();
  const { url, packageId, tomaPackageId, atomaDbId, model } = chain;
  const contract = { packageId, tomaPackageId, atomaDbId };
  const user = new PromptUser({ url, ...contract, ...account }, { logger });
  const dir = await mkdtemp(join(tmpdir(), 'atoma-fault-'));
  t.teardown(async () => {
    await user.close();
    await chain.stop();
    await rm(dir, { recursive: true, force: true });
  });
  const files = await writeDevnetFiles({ ...contract, model, url: await urlFor(chain) }, operator, account, {
    dir,
    modelPath: MODEL_DIR,
    precision: 'q8_0',
    jrpcPort: 0,
  });
  // Nodes start often here, and what starts for the sake of one prompt need not load more than one worker.
  await appendFile(files.modelConfigPath, '[pool]\nworkers = 1\nsequences = 1\nthreads = 1\n');
  await user.start();
  const journalPath = join(dir, 'data', 'journal.sqlite');
  return {
    chain,
    operator,
    files,
    journalPath,
    ask: async () => (await user.sendPrompt({ model, prompt: QUESTION })).ticketId,
    settlement: (ticketId) => user.waitForSettlement(ticketId, new AbortController().signal),
    ticket: async (ticketId, wanted) => {
      const journal = Journal.open({ path: journalPath, badge: operator.badgeId, readOnly: true });
      try {
        for (;;) {
          const ticket = journal.get(ticketId);
          if (ticket !== undefined && wanted(ticket)) return ticket;
          await delay(POLL_INTERVAL_MS);
        }
      } finally {
        journal.close();
      }
    },
  };
}

/** Polls until a condition holds; the test's own timeout ends it otherwise. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await delay(POLL_INTERVAL_MS);
}
