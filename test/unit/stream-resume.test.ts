import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import type { Completion, HashedFrame } from '#src/core/index.js';
import { TokenStreams } from '#src/node/token-streams.js';
import { FrameEncoder } from '#src/rpc/websocket/frame-encoder.js';
import { Subscription, type SubscriptionHost } from '#src/rpc/websocket/subscription.js';
import { textHash } from '../fixtures/text-hash.js';

const TARGET = { kind: 'ticket', id: '0x1' } as const;

interface Result {
  readonly index: number;
  readonly text: string;
  readonly text_index?: number;
  readonly tokens: readonly number[];
  readonly logprobs?: readonly { readonly token: number }[];
  readonly hash?: string;
  readonly restarted?: boolean;
  readonly done?: boolean;
}

/** A client that reads as slowly as the test wants, and comes back with the tokens it has when its socket is cut. */
class Client {
  tokens: number[] = [];
  text = '';
  isDone = false;
  largest = 0;
  readonly #streams: TokenStreams;
  readonly #canWrite: () => boolean;
  #waiting: Subscription | undefined;
  #subscription: Subscription | undefined;

  constructor(streams: TokenStreams, canWrite: () => boolean) {
    this.#streams = streams;
    this.#canWrite = canWrite;
  }

  connect(): void {
    const fromIndex = this.tokens.length;
    const isThis = (): boolean => this.#subscription === subscription;
    const canWrite = this.#canWrite;
    const host: SubscriptionHost = {
      encoder: new FrameEncoder(),
      get isWritable() {
        return canWrite();
      },
      send: (message) => {
        if (isThis()) this.#take(JSON.parse(message).params.result);
      },
      awaitDrain: (waiting) => {
        if (isThis()) this.#waiting = waiting;
      },
      ended: () => undefined,
    };
    const subscription: Subscription = new Subscription({ id: '1', fromIndex }, host);
    this.#subscription = subscription;
    subscription.onCancel = this.#streams.subscribe(TARGET, fromIndex, {
      onFrame: (frame) => subscription.push(frame),
      onRestart: () => subscription.restart(),
      onEnd: (end) => {
        if (end.ok) subscription.complete(end.completion, {});
        else subscription.fail(new Error('it failed'));
      },
    });
    subscription.release();
  }

  /** What was sent has arrived, what was not is lost. */
  cut(): void {
    const subscription = this.#subscription;
    this.#subscription = undefined;
    this.#waiting = undefined;
    subscription?.cancel();
  }

  drain(): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.catchUp();
  }

  get isConnected(): boolean {
    return this.#subscription !== undefined;
  }

  #take({ index, text, text_index, tokens, logprobs, hash, restarted, done }: Result): void {
    assert.equal(this.isDone, false, 'nothing comes after the end');
    if (restarted) {
      this.tokens = [];
      this.text = '';
    }
    assert.equal(text_index, undefined, 'a client that holds whole frames gets whole frames');
    if (!done) assert.equal(index, this.tokens.length, 'no token twice, none missing');
    if (logprobs !== undefined)
      assert.deepEqual(
        logprobs.map(({ token }) => token),
        tokens,
      );
    this.tokens.push(...tokens);
    this.text += text;
    this.largest = Math.max(this.largest, tokens.length);
    if (hash !== undefined) assert.equal(hash, textHash(this.text), 'text as whole as the tokens');
    if (done) this.isDone = true;
  }
}

const readersStep = fc.record({
  do: fc.constantFrom('cut', 'connect', 'connect', 'stop reading', 'read on'),
  size: fc.nat(2),
});
const step = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant('push'), size: fc.integer({ min: 1, max: 4 }) }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constantFrom('restart', 'kill the node'), size: fc.constant(0) }),
  },
  { weight: 9, arbitrary: readersStep },
);

t.test('cut, slow, restarted, killed: in the end every client has each token and all text once', async () => {
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 60 }),
      fc.array(readersStep, { maxLength: 8 }),
      fc.boolean(),
      fc.boolean(),
      (steps, last, hasRest, isOk) => {
        let streams = new TokenStreams();
        let writer = streams.open(TARGET);
        let run: number[] = [];
        let text = '';
        let next = 0;
        const blocked = [false, false, false];
        const clients = blocked.map((_, place) => {
          const client = new Client(
            {
              subscribe: (...args: Parameters<TokenStreams['subscribe']>) => streams.subscribe(...args),
            } as TokenStreams,
            () => !blocked[place],
          );
          client.connect();
          return client;
        });
        const begin = (): void => {
          writer.restart();
          run = [];
          text = '';
        };
        const take = ({ do: what, size }: { do: string; size: number }): void => {
          const client = clients[size];
          if (what === 'push') {
            const tokens = Array.from({ length: size }, () => next++);
            const part = size === 1 ? '' : `é${next}`;
            const scored = { text: '', bytes: [], logprob: 0, top: [] };
            const logprobs = tokens.map((token) => ({ token, ...scored }));
            writer.push({ index: run.length, text: part, tokens, logprobs });
            run = [...run, ...tokens];
            text += part;
          } else if (what === 'restart') begin();
          else if (what === 'kill the node') {
            for (const each of clients) each.cut();
            streams = new TokenStreams();
            writer = streams.open(TARGET);
            begin();
          } else if (what === 'cut') client?.cut();
          else if (what === 'connect') {
            if (!client?.isConnected) client?.connect();
          } else {
            blocked[size] = what === 'stop reading';
            if (!blocked[size]) client?.drain();
          }
        };
        steps.forEach(take);
        // The last token left a character unfinished.
        if (hasRest) writer.push({ index: run.length, text: '\ufffd', tokens: [] });
        if (hasRest) text += '\ufffd';
        last.forEach(take);
        const completion: Completion = {
          ...{ text, tokens: run, inputTokens: 1, promptTokens: [1], profile: 'p' },
          finishReason: 'stop',
          timings: { prefillMs: 1, decodeMs: 1 },
        };
        const error = { code: 'cancelled', message: 'x', fields: {} };
        writer.end(isOk ? { ok: true, completion } : { ok: false, error });
        for (const [place, client] of clients.entries()) {
          blocked[place] = false;
          client.drain();
          if (!client.isDone && !client.isConnected) client.connect();
          assert.equal(client.isDone, true);
          assert.deepEqual(client.tokens, run);
          assert.equal(client.text, text);
        }
      },
    ),
    { numRuns: 300 },
  );
});

t.test(
  'a reader that begins inside a frame gets the tokens from there, and is told whose text it is',
  async (t) => {
    const streams = new TokenStreams();
    const writer = streams.open(TARGET);
    const got: HashedFrame[] = [];
    const read = (from: number): void => {
      streams.subscribe(TARGET, from, {
        onFrame: ({ index, text, textIndex, tokens, hash }) =>
          got.push({ index, text, tokens, hash, ...(textIndex !== undefined && { textIndex }) }),
        onRestart: () => undefined,
        onEnd: () => undefined,
      });
    };
    read(1);
    writer.push({ index: 0, text: 'abc', tokens: [7, 8, 9] });
    writer.push({ index: 3, text: 'd', tokens: [10] });
    const hash = textHash('abc');
    const last = { index: 3, text: 'd', tokens: [10], hash: textHash('abcd') };
    t.strictSame(got.splice(0), [{ index: 1, text: 'abc', tokens: [8, 9], hash, textIndex: 0 }, last]);
    read(2);
    t.strictSame(got.splice(0), [{ index: 2, text: 'abc', tokens: [9], hash, textIndex: 0 }, last]);
    read(3);
    t.strictSame(got.splice(0), [last]);
  },
);

t.test('what waited for a slow reader comes in few messages, however much it is', async (t) => {
  const streams = new TokenStreams();
  const writer = streams.open(TARGET);
  let isWritable = false;
  const client = new Client(streams, () => isWritable);
  client.connect();
  for (let index = 0; index < 10_000; index++) writer.push({ index, text: 'some text ', tokens: [index] });
  t.equal(client.tokens.length, 0);
  isWritable = true;
  client.drain();
  t.equal(client.tokens.length, 10_000);
  t.ok(client.largest > 1000 && client.largest < 5000, `${client.largest} tokens in the largest`);
});

t.test('text without a token in mid-stream comes with the next token', async (t) => {
  const streams = new TokenStreams();
  const writer = streams.open(TARGET);
  const client = new Client(streams, () => true);
  client.connect();
  writer.push({ index: 0, text: 'a', tokens: [1] });
  writer.push({ index: 1, text: 'b', tokens: [] });
  t.equal(client.text, 'a');
  writer.push({ index: 1, text: 'c', tokens: [2] });
  t.equal(client.text, 'abc');
  t.strictSame(client.tokens, [1, 2]);
});
