import { commitmentLeaf, commitmentRoot } from '../chain/index.js';
import {
  type Commitment,
  type Completion,
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
