/**
 * What a request may ask beyond the params of the contract. Tickets never have any of it: what they commit to is made
 * of {@link PromptParams} alone.
 */
export interface RequestExtras {
  /** The answer ends before the first of these texts; a stream never shows a part of one. */
  readonly stop?: readonly string[];
  /** Added once for each time a token stands in the answer; 0 is off (OpenAI's `frequency_penalty`). */
  readonly frequencyPenalty?: number;
  /** Added where a token stands in the answer at all; 0 is off (OpenAI's `presence_penalty`). */
  readonly presencePenalty?: number;
  /** So many of the likeliest tokens are told at each place, beside the chosen one; undefined tells none. */
  readonly topLogprobs?: number;
  /** What the answer has to be: any JSON object, or JSON of a schema (JSON Schema, of which the engine tells what it takes). */
  readonly grammar?:
    | { readonly kind: 'json_object' }
    | { readonly kind: 'json_schema'; readonly schema: Readonly<Record<string, unknown>> };
  /** The prompt's embedding is wanted in place of an answer. */
  readonly embed?: boolean;
}
