import { setTimeout as delay } from 'node:timers/promises';
import type { Test } from 'tap';
import { z } from 'zod';
import type { DevnetNode, DevnetOptions, PromptRequest } from '#src/devnet/index.js';
import { Network, type Seat, type Serving } from './network.js';

/** Six nodes, a dozen processes: on a machine that is busy with others they take minutes. */
export const BUSY_MACHINE_TIMEOUT_MS = 300_000;
/** Nothing of how a node divides its device may show in its answers. */
const POOLS = [
  'workers = 1\nsequences = 1\n',
  'workers = 1\nsequences = 2\n',
  'workers = 1\nsequences = 3\n',
  'workers = 1\nsequences = 8\n',
  'workers = 2\nsequences = 2\n',
];
const QUESTIONS = [
  'What is Atoma?',
  'What is 3 plus 4?',
  'Tell me a story about a dragon',
  'What is the capital of Peru?',
  'Tell me a joke please',
  'Name three fruits',
];
/** Beyond what any machine takes for these tickets: none is to be late because others use the cores. */
const SETTLEMENT_TIMEOUT_MS = 600_000;
/** Between two requests of a client, ms: a load beside the tickets, which leaves the cores to them. */
const REQUEST_GAP_MS = 150;

const Info = z.object({ models: z.array(z.object({ profile: z.object({ id: z.string() }) })) });

interface Place {
  readonly seat: Seat;
  readonly serving: Serving;
}

/** Nodes in processes of their own, each with another pool, that are all sampled for every prompt. */
export class Quorum {
  /** Beyond the time that the chain waits for a commitment, ms. */
  static readonly pastTimeoutMs = SETTLEMENT_TIMEOUT_MS + 1000;
  readonly network: Network;
  readonly operators: readonly DevnetNode[];
  readonly servings: readonly Serving[];

  private constructor(network: Network, places: readonly Place[]) {
    this.network = network;
    this.operators = places.map(({ seat }) => seat.operator);
    this.servings = places.map(({ serving }) => serving);
  }

  /** @param main the program of the last of the five; default the node's own */
  static async start(
    t: Test,
    options: { readonly chain?: Partial<DevnetOptions>; readonly main?: string } = {},
  ): Promise<Quorum> {
    const timeout = { settlementTimeoutMs: BigInt(SETTLEMENT_TIMEOUT_MS) };
    const network = await Network.start(t, { ...timeout, ...options.chain });
    const seats: Seat[] = [];
    for (const [index, pool] of POOLS.entries()) {
      const main = index === POOLS.length - 1 ? options.main : undefined;
      seats.push(
        await network.seat(network.chain.addNode(), {
          clientToml: `settlement_timeout_ms = ${SETTLEMENT_TIMEOUT_MS}`,
          pool: `[pool]\nthreads = 1\n${pool}`,
          main,
        }),
      );
    }
    const places = await Promise.all(seats.map(async (seat) => ({ seat, serving: await seat.serve() })));
    return new Quorum(network, places);
  }

  /** A further node, which judges the disputes of the five. */
  async oracle(): Promise<DevnetNode> {
    const operator = this.network.chain.addNode({ oracle: true });
    // The chain's clock, which tests move on, is not the node's: it asks soon, and again, whether a dispute is due.
    const clientToml = 'oracle = true\nsettlement_timeout_ms = 1000';
    await (await this.network.seat(operator, { clientToml })).serve();
    return operator;
  }

  /** Ids of the numeric profiles that the nodes' answers are made with. */
  async profiles(): Promise<ReadonlySet<string>> {
    const lists = await Promise.all(
      this.servings.map(async (serving) => Info.parse(await serving.call('atoma_nodeInfo'))),
    );
    return new Set(lists.flatMap(({ models }) => models.map(({ profile }) => profile.id)));
  }

  /** Sends prompts that all differ, greedy and sampled. @returns the ids of their tickets */
  async send(count: number): Promise<readonly string[]> {
    const tickets: string[] = [];
    for (let index = 0; index < count; index++) {
      tickets.push((await this.network.send(requestOf(index))).ticketId);
    }
    return tickets;
  }

  /** Has requests run over RPC beside the tickets, on two of the nodes, until the function it gives is called. */
  traffic(): () => Promise<number> {
    const over = new AbortController();
    const clients = [this.servings[1], this.servings[3]].map((serving) => client(serving, over.signal));
    return async () => {
      over.abort();
      return (await Promise.all(clients)).reduce((sum, answered) => sum + answered, 0);
    };
  }
}

/** One request after another. @returns how many were answered: while tickets wait, the node refuses some */
async function client(serving: Serving | undefined, over: AbortSignal): Promise<number> {
  let answered = 0;
  for (let turn = 0; !over.aborted; turn++) {
    const request = {
      prompt: 'Once upon a time',
      max_tokens: 16,
      temperature: 0.9,
      random_seed: String(turn),
    };
    try {
      await serving?.call('atoma_generate', request);
      answered++;
    } catch (error) {
      if (!/busy/.test(String(error))) throw error;
    }
    await delay(REQUEST_GAP_MS);
  }
  return answered;
}

/** Each another prompt: greedy and sampled, short and longer, with and without penalties. */
function requestOf(index: number): Partial<PromptRequest> {
  const question = `${QUESTIONS[index % QUESTIONS.length]} (${index})`;
  const isSampled = index % 2 === 1;
  return {
    // The template costs as many tokens again.
    prompt: index % 3 === 0 ? `<|im_start|>user\n${question}<|im_end|>\n<|im_start|>assistant\n` : question,
    maxTokens: BigInt(4 + (index % 11)),
    nodesToSample: BigInt(POOLS.length),
    ...(isSampled && { temperature: 0.4 + (index % 5) / 5, topK: index % 3 === 0 ? 20n : 0n, topP: 0.95 }),
    ...(index % 4 === 3 && { repeatPenalty: 1.1, repeatLastN: 32n }),
  };
}
