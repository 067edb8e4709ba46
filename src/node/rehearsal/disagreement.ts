import type { TicketAnswer } from '../../core/index.js';
import type { NodePart } from './facts.js';

/** Two nodes that ran one prompt on one model and did not say the same. */
export interface Disagreement {
  /** Small ids. */
  readonly one: bigint;
  readonly other: bigint;
  /** Position in the answer of the first token that differs; undefined where all tokens are the same. */
  readonly index: number | undefined;
  /** Token ids there; undefined for the one whose answer had ended. */
  readonly oneToken: number | undefined;
  readonly otherToken: number | undefined;
}

/** How the answers of honest nodes to one ticket differ from that of the first of them, one entry a node. */
export function disagreements(parts: readonly NodePart[]): readonly Disagreement[] {
  const [first, ...others] = parts.flatMap(({ smallId, ticket }) =>
    ticket?.answer === undefined ? [] : [{ smallId, answer: ticket.answer }],
  );
  if (first === undefined) return [];
  return others
    .filter(({ answer }) => !isSame(first.answer, answer))
    .map(({ smallId, answer }) => {
      const index = firstDifference(first.answer.tokens, answer.tokens);
      const tokenOf = ({ tokens }: TicketAnswer) => (index === undefined ? undefined : tokens[index]);
      const tokens = { oneToken: tokenOf(first.answer), otherToken: tokenOf(answer) };
      return { one: first.smallId, other: smallId, index, ...tokens };
    });
}

function isSame(one: TicketAnswer, other: TicketAnswer): boolean {
  const sameCounts = one.inputTokens === other.inputTokens && one.outputTokens === other.outputTokens;
  return sameCounts && one.text === other.text;
}

function firstDifference(one: readonly number[], other: readonly number[]): number | undefined {
  const length = Math.max(one.length, other.length);
  for (let index = 0; index < length; index++) if (one[index] !== other[index]) return index;
  return undefined;
}
