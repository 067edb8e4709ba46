import { z } from 'zod';

/** What a schema of the wire describes, as the code that makes it sees it: nothing changes a value once it is made. */
export type WireOf<Schema extends z.ZodType> = DeepReadonly<z.output<Schema>>;

type DeepReadonly<T> = T extends readonly (infer Item)[]
  ? readonly DeepReadonly<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]: DeepReadonly<T[Key]> }
    : T;

/** A u64: a JSON number of most languages would round it. */
export const u64Text = z
  .string()
  .regex(/^(0|[1-9]\d{0,19})$/)
  .meta({ id: 'U64Text', description: 'An integer from 0 to 2^64 - 1, in decimal digits.' });

/** 32 bytes. */
export const hash = z
  .string()
  .regex(/^[0-9a-f]{64}$/)
  .meta({ id: 'Hash', description: '32 bytes as 64 hexadecimal digits.' });

export const tokenIds = z
  .array(z.int().min(0))
  .meta({ id: 'TokenIds', description: 'Ids of tokens in the vocabulary of the model.' });

/** Milliseconds since 1970. */
export const timeMs = z
  .number()
  .min(0)
  .meta({ id: 'TimeMs', description: 'A time: milliseconds since 1970-01-01T00:00:00Z.' });

/** Of something. */
export const count = z.int().min(0);

export const backend = z.enum(['llama', 'onnx', 'wasm']).meta({
  id: 'Backend',
  description: 'What runs a model: llama.cpp; ONNX Runtime, native or as WebAssembly.',
});

/** Any object. */
export const anyObject = z.record(z.string(), z.unknown());
