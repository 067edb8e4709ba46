import { commitmentLeaf, commitmentRoot, MAX_CHUNKS } from '../chain/index.js';
import {
  AtomaError,
  type Commitment,
  type Completion,
  type StreamEnd,
  type Ticket,
  type TicketAnswer,
  tokensPerSecond,
} from '../core/index.js';

/** What a node commits to for a ticket that it answered so. */
export function commitmentOf(ticket: Ticket, completion: Completion): Commitment {
  const data = new TextEncoder().encode(completion.text);
  return {
    ticketId: ticket.id,
    inputTokens: BigInt(completion.inputTokens),
    outputTokens: BigInt(completion.tokens.length),
    root: commitmentRoot(data, ticket.chunksCount),
    leaf: commitmentLeaf(data, ticket.leafIndex),
  };
}

/** The answer as the journal keeps it. */
export function answerOf(completion: Completion, { root, leaf }: Commitment): TicketAnswer {
  const { text, tokens, inputTokens, promptTokens, finishReason, timings, profile } = completion;
  return {
    text,
    tokens,
    inputTokens,
    promptTokens,
    outputTokens: tokens.length,
    finishReason,
    timings,
    root: Buffer.from(root).toString('hex'),
    leaf: Buffer.from(leaf).toString('hex'),
    tokensPerSecond: tokensPerSecond(completion),
    profile,
  };
}

/** How the token stream of a ticket ends that was answered so. */
export function streamEndOf({ leafIndex, chunksCount }: Ticket, answer: TicketAnswer): StreamEnd {
  const { root, leaf } = answer;
  return { ok: true, completion: answer, commitment: { root, leaf, leafIndex, chunksCount } };
}

/** How the token stream of a ticket ended, as the journal has it; undefined where it is not known to have ended. */
export function recalledEnd(ticket: Ticket | undefined): StreamEnd | undefined {
  if (ticket?.answer !== undefined) return streamEndOf(ticket, ticket.answer);
  return ticket?.error === undefined ? undefined : { ok: false, error: ticket.error };
}

/**
 * Refuses tickets for which no commitment can be computed.
 * @throws AtomaError `unsupported`
 */
export function checkChunks({ chunksCount, leafIndex }: Ticket): void {
  if (chunksCount <= MAX_CHUNKS && chunksCount > leafIndex) return;
  throw new AtomaError(
    'unsupported',
    `chunks_count is ${chunksCount}, wanted ${leafIndex + 1n} to ${MAX_CHUNKS}`,
  );
}
