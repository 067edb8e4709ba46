import type { PromptRequest } from '../../devnet/index.js';

/**
 * Raw text that any language model can go on with, short and long: each is evaluated together with others, so
 * that lengths which differ bring places in a batch which differ.
 */
const TEXTS = [
  'Once upon a time, in a village by the sea, there lived',
  'Question: What is the capital of Peru?\nAnswer:',
  'The three most important things to know about rivers are',
  'Tell me a story about a dragon who was afraid of the dark and of the mouse that lived in his cave. It was winter, and',
  '1, 2, 3, 4, 5, 6, 7,',
  'Dear Ada,\n\nthank you for your letter. You asked how machines can agree on an answer when none of them trusts the others. I have thought about it on my walks, and I believe that',
  'The weather today',
  'A recipe for bread. You need flour, water, salt and yeast. First',
];

/** The prompt of this place in the row: every other one is greedy, and no two in a row are sampled alike. */
export function rehearsalPrompt(index: number): Omit<PromptRequest, 'model'> {
  const round = Math.floor(index / TEXTS.length);
  const text = TEXTS[index % TEXTS.length] ?? '';
  return {
    prompt: round === 0 ? text : `${text} (${round})`,
    ...(index % 2 === 1 && { temperature: 0.8, topP: 0.95 }),
    ...(index % 4 === 3 && { topK: 40n, repeatPenalty: 1.1, repeatLastN: 64n }),
  };
}
