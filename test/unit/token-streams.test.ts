import t from 'tap';
import type { StreamEnd, TokenFrame } from '#src/core/index.js';
import { TokenStreams } from '#src/node/token-streams.js';

const END: StreamEnd = { ok: false, error: { code: 'cancelled', message: 'x', fields: {} } };
const frame = (index: number): TokenFrame => ({ index, text: `t${index}`, tokens: [index] });

function reader() {
  const seen: (number | 'end')[] = [];
  return {
    seen,
    onFrame: ({ index }: TokenFrame) => void seen.push(index),
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
  writer.end(END);
  t.ok(streams.open(target));
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
