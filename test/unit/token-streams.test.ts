import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import type { StreamEnd, TokenFrame } from '#src/core/index.js';
import { TokenStreams } from '#src/node/token-streams.js';
import { textHash } from '../fixtures/text-hash.js';

const END: StreamEnd = { ok: false, error: { code: 'cancelled', message: 'x', fields: {} } };
const frame = (index: number): TokenFrame => ({ index, text: `t${index}`, tokens: [index] });

function reader() {
  const seen: (number | 'restart' | 'end')[] = [];
  return {
    seen,
    onFrame: ({ index }: TokenFrame) => void seen.push(index),
    onRestart: () => void seen.push('restart'),
    onEnd: () => void seen.push('end'),
  };
}

t.test('a late reader gets what was written from its index on, then what comes', async (t) => {
  const streams = new TokenStreams();
  const target = { kind: 'request', id: 'r' } as const;
  const writer = streams.open(target);
  for (const index of [0, 1, 2]) writer.push(frame(index));
  const late = reader();
  streams.subscribe(target, 1, late);
  writer.push(frame(3));
  writer.end(END);
  t.strictSame(late.seen, [1, 2, 3, 'end']);
  const last = reader();
  streams.subscribe(target, 3, last);
  t.strictSame(last.seen, [3, 'end']);
});

t.test('a reader may be there before its ticket, and leaves without a trace', async (t) => {
  const streams = new TokenStreams({ maxEnded: 1, maxWaiting: 2 });
  const target = { kind: 'ticket', id: '0x1' } as const;
  const [early, gone] = [reader(), reader()];
  streams.subscribe(target, 0, early);
  const leave = streams.subscribe(target, 0, gone);
  t.throws(() => streams.subscribe(target, 0, reader()), { code: 'busy' });
  leave();
  const writer = streams.open(target);
  writer.push(frame(0));
  writer.end(END);
  t.strictSame(early.seen, [0, 'end']);
  t.strictSame(gone.seen, []);
  t.throws(() => streams.subscribe({ kind: 'request', id: 'none' }, 0, reader()), { code: 'not_found' });
});

t.test('an id cannot be taken twice while it runs', async (t) => {
  const streams = new TokenStreams();
  const target = { kind: 'request', id: 'r' } as const;
  const writer = streams.open(target);
  t.throws(() => streams.open(target), { code: 'request_id_in_use' });
  writer.push(frame(0));
  writer.end(END);
  streams.open(target).push(frame(0));
  const [fresh, back] = [reader(), reader()];
  streams.subscribe(target, 0, fresh);
  streams.subscribe(target, 1, back);
  t.strictSame(fresh.seen, [0]);
  t.strictSame(back.seen, ['restart', 0], 'what it holds can be of the former one');
});

t.test(
  'an index that is still to come holds for live frames too, also for a reader that waited',
  async (t) => {
    const streams = new TokenStreams();
    const target = { kind: 'ticket', id: '0x1' } as const;
    const [waited, came] = [reader(), reader()];
    streams.subscribe(target, 1, waited);
    const writer = streams.open(target);
    streams.subscribe(target, 2, came);
    for (const index of [0, 1, 2]) writer.push(frame(index));
    writer.end(END);
    t.strictSame(waited.seen, [1, 2, 'end']);
    t.strictSame(came.seen, [2, 'end']);
  },
);

t.test('a restart: every reader is told once, and gets the new frames from index 0', async (t) => {
  const streams = new TokenStreams();
  const target = { kind: 'request', id: 'r' } as const;
  const writer = streams.open(target);
  const [first, second] = [reader(), reader()];
  streams.subscribe(target, 0, first);
  streams.subscribe(target, 2, second);
  for (const index of [0, 1, 2]) writer.push(frame(index));
  writer.restart();
  for (const index of [0, 1]) writer.push(frame(index));
  const [fresh, back] = [reader(), reader()];
  streams.subscribe(target, 0, fresh);
  streams.subscribe(target, 1, back);
  writer.push(frame(2));
  writer.end(END);
  t.strictSame(first.seen, [0, 1, 2, 'restart', 0, 1, 2, 'end']);
  t.strictSame(second.seen, [2, 'restart', 0, 1, 2, 'end']);
  t.strictSame(fresh.seen, [0, 1, 2, 'end'], 'it had read nothing: there is nothing to tell');
  t.strictSame(back.seen, ['restart', 0, 1, 2, 'end'], 'what it holds can be of the dead run');
  const late = reader();
  streams.subscribe(target, 3, late);
  t.strictSame(late.seen, ['restart', 0, 1, 2, 'end'], 'also after the end');
});

t.test('a restart before the first frame tells those who read in an earlier process', async (t) => {
  const streams = new TokenStreams();
  const target = { kind: 'ticket', id: '0x1' } as const;
  const waited = reader();
  streams.subscribe(target, 5, waited);
  const writer = streams.open(target);
  writer.restart();
  const back = reader();
  streams.subscribe(target, 7, back);
  writer.push(frame(0));
  t.strictSame(waited.seen, ['restart', 0]);
  t.strictSame(back.seen, ['restart', 0]);
});

t.test('however it restarts, every reader ends with all of the last run', async () => {
  const step = fc.oneof(
    { weight: 6, arbitrary: fc.record({ do: fc.constant('push'), size: fc.integer({ min: 1, max: 3 }) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('restart'), size: fc.constant(0) }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('read'), size: fc.integer({ min: 0, max: 6 }) }) },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const streams = new TokenStreams();
      const target = { kind: 'request', id: 'r' } as const;
      const writer = streams.open(target);
      let run: number[] = [];
      let next = 0;
      const readers: { from: number; held: number[] }[] = [];
      for (const { do: what, size } of steps) {
        if (what === 'push') {
          const tokens = Array.from({ length: size }, () => next++);
          writer.push({ index: run.length, text: '', tokens });
          run = [...run, ...tokens];
        } else if (what === 'restart') {
          writer.restart();
          run = [];
        } else {
          const mine = { from: size, held: [] as number[] };
          readers.push(mine);
          streams.subscribe(target, size, {
            onFrame: ({ index, tokens }) => {
              if (mine.held.length === 0 && index < mine.from) mine.from = index;
              assert.equal(index, mine.from + mine.held.length, 'no gap, no overlap');
              mine.held.push(...tokens);
            },
            onRestart: () => {
              mine.from = 0;
              mine.held = [];
            },
            onEnd: () => undefined,
          });
        }
      }
      writer.end(END);
      for (const { from, held } of readers) assert.deepEqual(held, run.slice(from));
    }),
    { numRuns: 100 },
  );
});

t.test('a stream that ended before this process started comes as one frame, then its end', async (t) => {
  const end = {
    ok: true,
    completion: {
      text: 'abc',
      tokens: [7, 8, 9],
      inputTokens: 2,
      promptTokens: [1, 2],
      profile: 'p',
      finishReason: 'stop',
      timings: { prefillMs: 1, decodeMs: 2 },
    },
  } satisfies StreamEnd;
  const kept = new Map<string, StreamEnd>([
    ['0x1', end],
    ['0x2', END],
    ['0x3', { ...end, completion: { ...end.completion, text: '', tokens: [] } }],
  ]);
  const streams = new TokenStreams(undefined, {
    recall: ({ kind, id }) => (kind === 'ticket' ? kept.get(id) : undefined),
  });
  const read = (id: string, fromIndex = 0) => {
    const got: unknown[] = [];
    streams.subscribe({ kind: 'ticket', id }, fromIndex, {
      onFrame: (frame) => got.push({ ...frame }),
      onRestart: () => got.push('restart'),
      onEnd: (end) => got.push(end),
    });
    return got;
  };
  const hash = textHash('abc');
  const whole = { index: 0, text: 'abc', tokens: [7, 8, 9], hash };
  t.strictSame(read('0x1'), [whole, end]);
  t.strictSame(read('0x1', 2), ['restart', whole, end], 'its tokens can be of a run that was lost');
  t.strictSame(read('0x1', 3), ['restart', whole, end]);
  t.strictSame(read('0x2'), [END]);
  t.strictSame(read('0x3'), [kept.get('0x3')]);
  t.strictSame(read('0x4'), [], 'an unknown ticket is waited for');
  t.throws(() => streams.subscribe({ kind: 'request', id: '0x1' }, 0, reader()), { code: 'not_found' });
  const writer = streams.open({ kind: 'ticket', id: '0x1' });
  const live = reader();
  streams.subscribe({ kind: 'ticket', id: '0x1' }, 0, live);
  writer.push(frame(0));
  t.strictSame(live.seen, [0], 'what runs comes before what was kept');
});

t.test('an answer that newer ones pushed out is recalled', async (t) => {
  const asked: string[] = [];
  const recall = ({ id }: { readonly id: string }): StreamEnd => {
    asked.push(id);
    return END;
  };
  const streams = new TokenStreams({ maxEnded: 1, maxWaiting: 1 }, { recall });
  for (const id of ['0x1', '0x2']) streams.open({ kind: 'ticket', id }).end(END);
  const [old, fresh] = [reader(), reader()];
  streams.subscribe({ kind: 'ticket', id: '0x1' }, 0, old);
  streams.subscribe({ kind: 'ticket', id: '0x2' }, 0, fresh);
  t.strictSame(old.seen, ['end']);
  t.strictSame(fresh.seen, ['end']);
  t.strictSame(asked, ['0x1']);
});
