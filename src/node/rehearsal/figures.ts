import type { NodePart, TicketFacts } from './facts.js';

/** How a node of a rehearsal did; undefined where it did nothing of the kind. */
export interface NodeFigures {
  /** Commitments that stand. */
  readonly commitments: number;
  /** How long before its deadline each commitment stood, ms; negative where it was late. */
  readonly marginMs: { readonly min: number; readonly median: number } | undefined;
  /** From the ticket's event to the first token, median, ms. */
  readonly firstTokenMs: number | undefined;
  /** Of one answer's decode phase, median. */
  readonly tokensPerSecond: number | undefined;
}

/** What a node's commitments say of its speed. */
export function figuresOf(smallId: bigint, tickets: readonly TicketFacts[]): NodeFigures {
  const parts = tickets.flatMap((ticket) => ticket.parts.filter((part) => part.smallId === smallId));
  const margins = parts.flatMap(marginOf);
  const speeds = parts
    .flatMap(({ ticket }) => ticket?.answer?.tokensPerSecond ?? [])
    .filter((speed) => speed > 0);
  const median = medianOf(margins);
  return {
    commitments: parts.filter(({ committedAtMs }) => committedAtMs !== undefined).length,
    marginMs: median === undefined ? undefined : { min: Math.min(...margins), median },
    firstTokenMs: medianOf(parts.flatMap(firstTokenOf)),
    tokensPerSecond: medianOf(speeds),
  };
}

function marginOf({ ticket, committedAtMs }: NodePart): readonly number[] {
  return ticket === undefined || committedAtMs === undefined ? [] : [ticket.deadlineMs - committedAtMs];
}

function firstTokenOf({ ticket }: NodePart): readonly number[] {
  return ticket?.firstTokenAtMs === undefined ? [] : [ticket.firstTokenAtMs - ticket.receivedAtMs];
}

/** The upper one of two in the middle. */
function medianOf(values: readonly number[]): number | undefined {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)];
}
