import { createHash } from 'node:crypto';
import t from 'tap';
import type { LogitSource, LogitSourceOpener } from '#src/workers/determinism/logit-source.js';
import { probeDeterminism } from '#src/workers/determinism/probe.js';

/** An evaluation in a batch, and what the batch is like. */
interface Evaluation {
  readonly sequence: number;
  readonly tokens: readonly number[];
  /** Place in the batch. */
  readonly place: number;
  readonly batch: readonly { readonly sequence: number; readonly tokens: readonly number[] }[];
  /** Tokens that each sequence holds, those of the batch included. */
  readonly held: ReadonlyMap<number, readonly number[]>;
  /** How often a sequence was emptied while others held tokens. */
  readonly cancelled: number;
  /** Sequences of the source. */
  readonly sequences: number;
}

interface FakeOptions {
  /** Whether one bit of one logit is another one. */
  readonly drifts?: (evaluation: Evaluation) => boolean;
  readonly contextSize?: number;
  readonly vocabularySize?: number;
  readonly encode?: (text: string) => readonly number[];
  readonly sharesBatches?: boolean;
}

/** Logits that follow from a sequence's tokens alone, but for one bit. */
class FakeSource implements LogitSource {
  readonly contextSize: number;
  readonly vocabularySize: number;
  readonly encode: (text: string) => readonly number[];
  readonly #held = new Map<number, readonly number[]>();
  readonly #drifts: (evaluation: Evaluation) => boolean;
  #queued: { sequence: number; tokens: readonly number[]; resolve: (logits: Float32Array) => void }[] = [];
  #cancelled = 0;

  constructor(
    readonly sequences: number,
    contextSize: number,
    options: FakeOptions,
  ) {
    this.contextSize = Math.min(contextSize, options.contextSize ?? 512);
    this.vocabularySize = options.vocabularySize ?? 50;
    this.encode =
      options.encode ?? ((text) => [...text].map((letter) => letter.charCodeAt(0) % this.vocabularySize));
    this.#drifts = options.drifts ?? (() => false);
  }

  evaluate(sequence: number, tokens: readonly number[]): Promise<Float32Array> {
    if (sequence < 0 || sequence >= this.sequences) throw new Error(`no sequence ${sequence}`);
    if (tokens.some((token) => !(token >= 0 && token < this.vocabularySize)))
      throw new Error('no such token');
    if (this.#queued.length === 0) setImmediate(() => this.#run());
    return new Promise((resolve) => this.#queued.push({ sequence, tokens, resolve }));
  }

  async clear(sequence: number): Promise<void> {
    this.#held.delete(sequence);
    if (this.#held.size > 0) this.#cancelled++;
  }

  async dispose(): Promise<void> {}

  #run(): void {
    const batch = this.#queued;
    this.#queued = [];
    for (const { sequence, tokens } of batch) {
      this.#held.set(sequence, [...(this.#held.get(sequence) ?? []), ...tokens]);
      if ((this.#held.get(sequence)?.length ?? 0) >= this.contextSize) throw new Error('beyond the context');
    }
    batch.forEach(({ sequence, tokens, resolve }, place) => {
      const logits = logitsOf(this.#held.get(sequence) ?? [], this.vocabularySize);
      const { sequences } = this;
      const facts = {
        sequence,
        tokens,
        place,
        batch,
        held: this.#held,
        cancelled: this.#cancelled,
        sequences,
      };
      if (this.#drifts(facts)) flipBit(logits);
      resolve(logits);
    });
  }
}

function logitsOf(tokens: readonly number[], size: number): Float32Array {
  const seed = createHash('sha256').update(tokens.join()).digest().readUInt32LE();
  return Float32Array.from({ length: size }, (_, token) => Math.sin(seed + token));
}

function flipBit(logits: Float32Array): void {
  const bits = new DataView(logits.buffer);
  bits.setUint8(4, bits.getUint8(4) ^ 1);
}

function fake(options: FakeOptions = {}): LogitSourceOpener {
  return {
    sharesBatches: options.sharesBatches ?? true,
    openLogits: async (sequences, contextSize) => new FakeSource(sequences, contextSize, options),
  };
}

const probe = (options?: FakeOptions, sequences = 4) =>
  probeDeterminism(fake(options), sequences, () => undefined);

t.test('an engine whose bits follow from the prompt alone passes, whatever its size', async (t) => {
  for (const sequences of [1, 2, 8, 13, 64]) {
    t.match(
      await probe({}, sequences),
      { verdict: 'batch-invariant', failed: false },
      `${sequences} sequences`,
    );
  }
  for (const contextSize of [2, 3, 4, 20, 257]) {
    t.match(
      await probe({ contextSize }),
      { verdict: 'batch-invariant', failed: false },
      `${contextSize} tokens`,
    );
  }
  t.match(await probe({ vocabularySize: 2, encode: () => [] }), {
    verdict: 'batch-invariant',
    failed: false,
  });
  t.match(await probe({ sharesBatches: false }), { verdict: 'batch-invariant', failed: false });
});

const DRIFTS: Readonly<Record<string, (evaluation: Evaluation) => boolean>> = {
  'beside anything': ({ batch }) => batch.length > 1,
  'in a batch of all': ({ batch, sequences }) => batch.length === sequences,
  'in a batch of three': ({ batch }) => batch.length === 3,
  'in every place but the first of a batch': ({ place }) => place > 0,
  'in a sequence that is not the first': ({ sequence }) => sequence > 0,
  'in the last sequence alone': ({ sequence, sequences }) => sequences > 1 && sequence === sequences - 1,
  'when the sequences do not come in order': ({ batch, place }) =>
    place > 0 && (batch[place - 1]?.sequence ?? 0) > (batch[place]?.sequence ?? 0),
  'when a prompt runs beside a next token': ({ batch }) =>
    batch.some(({ tokens }) => tokens.length > 1) && batch.some(({ tokens }) => tokens.length === 1),
  'after a neighbour was emptied': ({ cancelled }) => cancelled > 0,
  'beside a sequence of more than 256 tokens': ({ held, sequence }) =>
    [...held].some(([other, { length }]) => other !== sequence && length > 256),
  'for one prompt, in one batch': ({ batch, tokens }) => batch.length > 4 && tokens.length === 16,
};

for (const [name, drifts] of Object.entries(DRIFTS)) {
  t.test(`one bit that is another one ${name} is found`, async (t) => {
    const { verdict, reason, failed } = await probe({ drifts });
    t.equal(verdict, 'exclusive');
    t.equal(failed, false);
    t.match(
      reason,
      /a pinned prompt of \d+ tokens gave other bits .* than alone, .*: logits differ by up to \d/,
    );
  });
}

t.test('an engine that does not even repeat itself is not invariant', async (t) => {
  let calls = 0;
  t.match(await probe({ drifts: () => ++calls % 7 === 0 }), { verdict: 'exclusive' });
});

t.test('a difference where no batches are shared is found, too', async (t) => {
  const drifts = ({ batch }: Evaluation): boolean => batch.length > 1;
  t.match(await probe({ sharesBatches: false, drifts }), { verdict: 'exclusive' });
});

t.test('a probe that fails is careful, and says so', async (t) => {
  const engine = {
    sharesBatches: true,
    openLogits: async () => {
      throw new Error('no memory for it');
    },
  };
  t.same(await probeDeterminism(engine, 4, () => undefined), {
    verdict: 'exclusive',
    reason: 'the determinism probe failed: no memory for it',
    failed: true,
  });
});
