import pLimit from 'p-limit';
import { pause } from '../../core/index.js';
import type { NodePart, TicketFacts } from '../../node/index.js';
import { QUORUM } from './cast.js';
import { rehearsalPrompt } from './prompts.js';
import { SETTLEMENT_TIMEOUT_MS, type Stage } from './stage.js';

/** Between two looks at the chain, ms: it is in this process, and a look costs nothing. */
const POLL_MS = 20;
/** After the deadline nobody is waited for much longer: it is late, and said to be. */
const LATE_MS = 5000;
/** Beyond the timeout, so that no rounding leaves a dispute undue. */
const BEYOND_TIMEOUT_MS = 1000;
/**
 * What the oracle may take to decide, beside twice the time in which the prompts were answered: it runs them once
 * more, and pauses between two looks at a dispute are as long as that has been waiting.
 */
const DECISION_LIMIT_MS = 60_000;

export interface PlayOptions {
  readonly prompts: number;
  readonly maxTokens: bigint;
}

interface PlayModules {
  readonly signal: AbortSignal;
  /** Told when nobody is waited for any more with this ticket, with its place among the prompts. */
  readonly onCommitted: (ticket: TicketFacts, index: number) => void;
  /** All prompts are answered, and some are disputed. */
  readonly onDisputes: (tickets: number) => void;
}

/** What was played. */
export interface Played {
  readonly tickets: readonly TicketFacts[];
  /** From the first prompt to the last commitment, ms. */
  readonly answeringMs: number;
}

/**
 * Has the prompts answered by all, then settled. So many are under way at once as there are sequences for: what is
 * measured is the model, not a queue that three nodes on one machine make for each other.
 * @throws what `signal` was aborted with; AtomaError of what a user is told by the chain
 */
export async function play(stage: Stage, options: PlayOptions, modules: PlayModules): Promise<Played> {
  const { signal, onDisputes } = modules;
  await stage.user.start();
  const startedAt = performance.now();
  const ids = await haveAnswered(stage, options, modules);
  const answeringMs = performance.now() - startedAt;
  // Others that have not settled lack a commitment, and the chain goes on with them in its own time.
  const disputed = ids.filter((id) => stage.chain.ticket(id)?.dispute !== undefined);
  if (disputed.length > 0) {
    onDisputes(disputed.length);
    await decide(stage, disputed, { limitMs: DECISION_LIMIT_MS + 2 * answeringMs, signal });
  }
  return { tickets: ids.map((id, index) => factsOf(stage, id, index)), answeringMs };
}

/** @returns the tickets' ids, in the order of the prompts */
async function haveAnswered(
  stage: Stage,
  options: PlayOptions,
  modules: PlayModules,
): Promise<readonly string[]> {
  const over = new AbortController();
  const signal = AbortSignal.any([modules.signal, over.signal]);
  const limit = pLimit(Math.max(1, Math.floor(stage.capacity / QUORUM)));
  const answered = async (index: number): Promise<string> => {
    signal.throwIfAborted();
    const ticketId = await ask(stage, index, options);
    await untilAnswered(stage, ticketId, signal);
    modules.onCommitted(factsOf(stage, ticketId, index), index);
    return ticketId;
  };
  try {
    return await Promise.all(
      Array.from({ length: options.prompts }, (_, index) => limit(() => answered(index))),
    );
  } finally {
    // Where one has failed, nobody waits for the others any more.
    over.abort();
  }
}

async function ask({ user, chain }: Stage, index: number, { maxTokens }: PlayOptions): Promise<string> {
  const request = { ...rehearsalPrompt(index), model: chain.model, maxTokens, nodesToSample: BigInt(QUORUM) };
  return (await user.sendPrompt(request)).ticketId;
}

/** Until every node that was sampled has committed or will not, or it is too late. */
async function untilAnswered(stage: Stage, ticketId: string, signal: AbortSignal): Promise<void> {
  const isOver = (): boolean => {
    const nodes = stage.chain.ticket(ticketId)?.nodes ?? [];
    return nodes.every(({ smallId, committed }) => committed || hasGivenUp(stage, smallId, ticketId));
  };
  await until(isOver, { limitMs: SETTLEMENT_TIMEOUT_MS + LATE_MS, signal });
}

function hasGivenUp({ sides }: Stage, smallId: bigint, ticketId: string): boolean {
  const state = sides.get(smallId)?.journal.get(ticketId)?.state;
  return state === 'skipped' || state === 'failed';
}

/** Makes disputes due and waits for the oracle. */
async function decide({ chain }: Stage, disputed: readonly string[], patience: Patience): Promise<void> {
  chain.advance(SETTLEMENT_TIMEOUT_MS + BEYOND_TIMEOUT_MS);
  await until(() => disputed.every((id) => chain.ticket(id) === undefined), patience);
}

interface Patience {
  readonly limitMs: number;
  readonly signal: AbortSignal;
}

async function until(condition: () => boolean, { limitMs, signal }: Patience): Promise<void> {
  const end = performance.now() + limitMs;
  while (!condition() && performance.now() < end) {
    await pause(POLL_MS, signal);
    signal.throwIfAborted();
  }
}

/** As it stands now. */
function factsOf({ chain, members, sides }: Stage, ticketId: string, index: number): TicketFacts {
  const settlement = chain.settlements().find((settled) => settled.ticketId === ticketId);
  const commitments = chain.commitments().filter((one) => one.ticketId === ticketId && one.succeeded);
  const parts = members
    .filter(({ role }) => role !== 'oracle')
    .map(
      ({ smallId }): NodePart => ({
        smallId,
        ticket: sides.get(smallId)?.journal.get(ticketId),
        committedAtMs: commitments.find((one) => one.smallId === smallId)?.atMs,
        paid: chain.feeEarned(ticketId, smallId),
      }),
    );
  return {
    ticketId,
    isSampled: rehearsalPrompt(index).temperature !== undefined,
    parts,
    settled: settlement !== undefined,
    disputed: settlement?.oracle !== undefined || chain.ticket(ticketId)?.dispute !== undefined,
    oracle: settlement?.oracle,
  };
}
