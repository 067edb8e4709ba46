import { PROMPTS, STEPS } from './pinned-prompts.js';

/** A prime above any number of sequences, so that steps of it reach each once; 5 places on where there are 8. */
const STRIDE = 1021;

/** A sequence takes its prompt or, where it has it, the next token; or it is emptied. */
export type Move =
  | { readonly sequence: number; readonly prompt: number }
  | { readonly sequence: number; readonly prompt: undefined };

/** What happens to the sequences: the moves of a round are made at once. */
export interface Arrangement {
  /** As the middle of a sentence about a prompt. */
  readonly name: string;
  readonly rounds: readonly (readonly Move[])[];
}

/** Each of so many prompts by itself in the first sequence: what all others are held against. */
export function alone(prompts: number): Arrangement {
  return { name: 'alone', rounds: range(prompts).flatMap((prompt) => oneByOne(0, prompt)) };
}

/** The ways in which a prompt comes to have neighbours, with no more prompts than sequences. */
export function arrangements(sequences: number): readonly Arrangement[] {
  return [elsewhere(sequences), together(sequences), reordered(sequences), afterCancelled(sequences)];
}

/** By itself again, at the last place. */
function elsewhere(sequences: number): Arrangement {
  return {
    name: 'alone in another sequence',
    rounds: range(Math.min(2, sequences)).flatMap((prompt) => oneByOne(sequences - 1, prompt)),
  };
}

/** All prompts at once, then as many next tokens at once as there are sequences, and ever fewer, down to two. */
function together(sequences: number): Arrangement {
  const move = (sequence: number): Move => ({ sequence, prompt: sequence % PROMPTS });
  const steps = range(STEPS).map((step) => Math.round(sequences - (step * (sequences - 2)) / (STEPS - 1)));
  return {
    name: 'together with others',
    rounds: [sequences, ...steps].map((count) => range(Math.min(count, sequences)).map(move)),
  };
}

/** Other places and another order; prompts beside next tokens; then from two up, each time other sequences. */
function reordered(sequences: number): Arrangement {
  const move = (sequence: number): Move => ({ sequence, prompt: short(sequences - 1 - sequence, sequences) });
  const all = range(sequences).reverse().map(move);
  const half = all.filter((_, at) => at % 2 === 0);
  const steps = range(STEPS).map((step) => {
    const count = Math.min(sequences, step + 2);
    return range(count).map((at) => move((step + at * STRIDE) % sequences));
  });
  return { name: 'in another order', rounds: [half, all, ...steps] };
}

/** Neighbours are emptied in the middle of their answers, and others come in their places. */
function afterCancelled(sequences: number): Arrangement {
  const places = range(sequences);
  const [even, odd] = [places.filter((at) => at % 2 === 0), places.filter((at) => at % 2 === 1)];
  const former = (sequence: number): Move => ({ sequence, prompt: short(sequence + 3, sequences) });
  const later = (sequence: number): Move => ({ sequence, prompt: short(sequence, sequences) });
  const clear = (sequence: number): Move => ({ sequence, prompt: undefined });
  return {
    name: 'after neighbours that were cancelled',
    rounds: [
      ...[places.map(former), places.map(former)],
      ...[
        [...even.map(clear), ...odd.map(former)],
        [...even.map(later), ...odd.map(former)],
      ],
      ...[
        [...even.map(later), ...odd.map(former)],
        [...even.map(later), ...odd.map(clear)],
      ],
      ...[[...odd.map(later), ...even.map(later)], places.map(later), places.map(later)],
    ],
  };
}

/** A prompt with all of its next tokens, after which the sequence is empty again. */
function oneByOne(sequence: number, prompt: number): Move[][] {
  return [...range(1 + STEPS).map(() => [{ sequence, prompt }]), [{ sequence, prompt: undefined }]];
}

/** Any prompt but the last, long one. */
function short(place: number, sequences: number): number {
  return place % Math.min(PROMPTS - 1, sequences);
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, at) => at);
}
