import { once } from 'node:events';
import { GrpcTypes } from '@mysten/sui/grpc';
import { pino } from 'pino';
import t, { type Test } from 'tap';
import type { ChainBatch } from '#src/chain/index.js';
import { formatCursor } from '#src/chain/sui/cursor.js';
import { openEndpoint } from '#src/chain/sui/endpoint.js';
import { EventSource } from '#src/chain/sui/event-source.js';
import { EventFollower } from '#src/chain/sui/follow.js';
import { LiveClock } from '#src/chain/sui/live-clock.js';
import { Tip } from '#src/chain/sui/tip.js';
import { CHAIN_ID, cursorOf, PACKAGE, ScriptedLedger } from '../fixtures/scripted-ledger.js';
import {
  GrpcFailure,
  type ListCall,
  type Script,
  ScriptedNode,
  type Subscription,
} from '../fixtures/scripted-node.js';

const logger = pino({ level: 'silent' });
const SCOPE = { chainId: CHAIN_ID, packageId: PACKAGE };
/** The start of the ledger. */
const GENESIS = formatCursor(SCOPE, { cursor: cursorOf(0), checkpoint: 0n });

interface Limits {
  readonly idleLimitMs?: number;
  readonly spoolLimitBytes?: number;
}

interface Setup {
  readonly ledger: ScriptedLedger;
  readonly node: ScriptedNode;
  readonly tip: Tip;
  /** The numbers of the events delivered, until there are `count` of them. */
  read(after: string | undefined, count: number, onBatch?: (batch: ChainBatch) => void): Promise<number[]>;
  follow(
    after: string | undefined,
    signal: AbortSignal,
    acceptGap?: boolean,
  ): AsyncGenerator<ChainBatch, void, void>;
}

async function setUp(t: Test, script: Partial<Script> = {}, limits: Limits = {}): Promise<Setup> {
  const ledger = new ScriptedLedger();
  const node = await new ScriptedNode({
    getServiceInfo: () => ({ chainId: CHAIN_ID }),
    subscribeEvents: (call) => void ledger.subscribe(call),
    listEvents: (call) => ledger.list(call),
    ...script,
  }).start();
  const endpoint = openEndpoint({ url: node.url, callTimeoutMs: 5_000 });
  t.teardown(() => {
    endpoint.close();
    node.stop();
  });
  const tip = new Tip();
  const source = new EventSource(
    { packageId: PACKAGE, idleLimitMs: limits.idleLimitMs ?? 10_000 },
    { endpoint },
  );
  const follower = new EventFollower(
    { ...SCOPE, spoolLimitBytes: limits.spoolLimitBytes ?? 1_000_000 },
    { source, endpoint, tip, logger },
  );
  const follow: Setup['follow'] = (after, signal, acceptGap = false) =>
    follower.follow({ after, signal, acceptGap });
  const read: Setup['read'] = async (after, count, onBatch) => {
    const stop = new AbortController();
    const numbers: number[] = [];
    for await (const batch of follow(after, stop.signal)) {
      numbers.push(...numbersOf(batch));
      onBatch?.(batch);
      if (numbers.length >= count) stop.abort();
    }
    return numbers;
  };
  return { ledger, node, tip, read, follow };
}

const numbersOf = ({ events }: ChainBatch): number[] =>
  events.flatMap((event) => (event.kind === 'retry_settlement' ? [Number(event.nodesInEchelon)] : []));

const upTo = (count: number, from = 1): number[] =>
  Array.from({ length: count - from + 1 }, (_, index) => from + index);

t.test('history comes page by page, then live events, in order and once', async (t) => {
  const { ledger, tip, read } = await setUp(t);
  ledger.grow(8);
  let live = false;
  const numbers = await read(GENESIS, 12, () => {
    if (tip.following && !live) {
      live = true;
      ledger.grow(4);
    }
  });
  t.strictSame(numbers, upTo(12));
  t.match(tip.checkpoint, { sequence: 11n });
  t.equal(tip.following, false, 'nothing is followed once the reader has stopped');
});

t.test('without a cursor it begins at the tip, and hands out a cursor at once', async (t) => {
  const { ledger, read } = await setUp(t);
  ledger.grow(5);
  const cursors: string[] = [];
  const numbers = await read(undefined, 2, ({ cursor }) => {
    if (cursors.length === 0) ledger.grow(2);
    cursors.push(cursor);
  });
  t.strictSame(numbers, [6, 7]);
  t.strictSame(await read(cursors[0], 2), [6, 7], 'the first cursor leads back to the same place');
});

t.test('every call sends a read mask and the filter of the package', async (t) => {
  const requests: object[] = [];
  const { ledger, read } = await setUp(t, {
    subscribeEvents: (call) => {
      requests.push(call.request);
      ledger.subscribe(call);
    },
    listEvents: (call) => {
      requests.push(call.request);
      ledger.list(call);
    },
  });
  ledger.grow(1);
  await read(GENESIS, 1);
  t.equal(requests.length, 2);
  for (const request of requests) {
    t.match(request, {
      readMask: { paths: ['event_type', 'contents', 'checkpoint', 'transaction_digest', 'event_index'] },
      filter: {
        terms: [{ literals: [{ negated: false, predicate: { eventType: { eventType: PACKAGE } } }] }],
      },
    });
  }
});

t.test('dropped streams leave no gap and no duplicate', async (t) => {
  const { ledger, tip, read } = await setUp(t);
  const numbers = await read(GENESIS, 9, ({ events }) => {
    if (tip.following && ledger.length === 0) ledger.grow(3);
    if (events.some(({ id }) => id === 'tx3:0' || id === 'tx6:0')) {
      ledger.drop();
      ledger.grow(3);
    }
  });
  t.strictSame(numbers, upTo(9));
});

t.test('a stream that falls silent without closing is left', async (t) => {
  const { ledger, tip, read } = await setUp(t, {}, { idleLimitMs: 60 });
  let muted = false;
  const numbers = await read(undefined, 2, () => {
    if (muted) return;
    muted = true;
    t.equal(tip.following, true);
    ledger.mute();
    ledger.grow(2);
  });
  t.strictSame(numbers, [1, 2]);
});

t.test('the index may trail the chain: the follower waits for it', async (t) => {
  let lists = 0;
  const { ledger, read } = await setUp(t, {
    listEvents: (call) => {
      lists++;
      ledger.list(call);
      ledger.indexed++;
    },
  });
  ledger.grow(3);
  ledger.indexed = 0;
  t.strictSame(await read(GENESIS, 3), [1, 2, 3]);
  t.ok(lists > 3, `${lists} pages were asked for`);
});

t.test('a page that breaks off without an end marker is not believed', async (t) => {
  const { ledger, read } = await setUp(t, {
    listEvents: (call, attempt) => {
      if (attempt > 1) return ledger.list(call);
      call.write(ledger.frame(1));
      call.end();
    },
  });
  ledger.grow(4);
  t.strictSame(await read(GENESIS, 4), upTo(4));
});

t.test('a page that makes no progress is not asked for again at once', async (t) => {
  const { ledger, read } = await setUp(t, {
    listEvents: (call, attempt) => {
      if (attempt > 1) return ledger.list(call);
      call.write({ watermark: { cursor: call.request.options?.after ?? cursorOf(0) }, end: { reason: 2 } });
      call.end();
    },
  });
  ledger.grow(1);
  t.strictSame(await read(GENESIS, 1), [1]);
});

t.test('events that come twice are delivered once', async (t) => {
  const { ledger, read } = await setUp(t, {
    subscribeEvents: (call) => {
      ledger.subscribe(call);
      call.write(ledger.frame(2));
      ledger.grow(1);
    },
  });
  ledger.grow(2);
  t.strictSame(await read(GENESIS, 3), upTo(3));
});

t.test('garbage and foreign events pass by without stopping anything', async (t) => {
  const { ledger, follow } = await setUp(t, {
    subscribeEvents: (call) => {
      call.write(ledger.progress(0));
      const good = ledger.frame(1);
      const event = { ...ledger.frame(2).event, transactionDigest: 'bad' };
      call.write({
        ...good,
        event: GrpcTypes.Event.create({ ...event, contents: { value: Buffer.from('garbage') } }),
      });
      call.write({
        ...good,
        event: GrpcTypes.Event.create({ ...event, eventType: '0x77::gate::Text2TextPromptEvent' }),
      });
      call.write(good);
    },
  });
  const kinds: string[] = [];
  for await (const { events } of follow(undefined, new AbortController().signal)) {
    kinds.push(...events.map(({ kind }) => kind));
    if (kinds.includes('retry_settlement')) break;
  }
  t.strictSame(kinds, ['undecodable', 'retry_settlement']);
});

t.test('a frame without a cursor breaks the session, not the order', async (t) => {
  const { ledger, read } = await setUp(t, {
    subscribeEvents: (call, attempt) => {
      ledger.subscribe(call);
      const { watermark: _, ...bare } = ledger.frame(1);
      if (attempt === 1) call.write(bare);
    },
  });
  ledger.grow(2);
  t.strictSame(await read(GENESIS, 2), [1, 2]);
});

t.test('when more waits than may, the live stream is dropped and nothing is lost', async (t) => {
  let firstDropped: Promise<unknown> | undefined;
  const { ledger, read } = await setUp(
    t,
    {
      subscribeEvents: (call, attempt) => {
        ledger.subscribe(call);
        if (attempt > 1) return;
        firstDropped = once(call, 'cancelled');
        ledger.grow(40);
      },
      listEvents: (call, attempt) => {
        if (attempt > 1) return ledger.list(call);
        // History is slow: the client gives the live stream up before it has the first page.
        firstDropped?.then(() => ledger.list(call));
      },
    },
    { spoolLimitBytes: 10_000 },
  );
  ledger.grow(4);
  t.strictSame(await read(GENESIS, 44), upTo(44));
});

t.test('an endpoint that is behind what was read already is not followed', async (t) => {
  const { ledger, read } = await setUp(t, {
    subscribeEvents: (call, attempt) => {
      if (attempt > 1) return void ledger.subscribe(call);
      call.write(ledger.progress(2));
    },
  });
  ledger.grow(6);
  const after = formatCursor(SCOPE, { cursor: cursorOf(5.5), checkpoint: 5n });
  t.strictSame(await read(after, 1), [6]);
});

t.test('the reader may leave: its stream is cancelled at the server', async (t) => {
  let open: Subscription | undefined;
  const { ledger, follow } = await setUp(t, {
    subscribeEvents: (call) => {
      open = ledger.subscribe(call);
    },
  });
  for await (const _ of follow(undefined, new AbortController().signal)) break;
  if (open === undefined) throw new Error('nothing was subscribed');
  if (!open.cancelled) await once(open, 'cancelled');
  t.pass('cancelled');
});

t.test('an abort ends it without an error, also before it began', async (t) => {
  const { follow } = await setUp(t);
  const stop = new AbortController();
  const running = follow(undefined, stop.signal);
  await running.next();
  const waiting = running.next();
  stop.abort();
  t.match(await waiting, { done: true });
  t.match(await follow(undefined, stop.signal).next(), { done: true });
});

t.test('where no retry can help, it says so', async (t) => {
  const next = async (script: Partial<Script>, after: string | undefined = GENESIS): Promise<unknown> => {
    const { follow } = await setUp(t, script);
    return await follow(after, new AbortController().signal).next();
  };
  const fails = (code: 'UNIMPLEMENTED' | 'INVALID_ARGUMENT') => (call: Subscription) =>
    void call.emit('error', { code: new GrpcFailure(code, '').code, details: 'no' });
  const foreign = formatCursor({ ...SCOPE, chainId: 'other' }, { cursor: cursorOf(1), checkpoint: 1n });
  await t.rejects(next({}, foreign), { code: 'foreign_cursor' });
  await t.rejects(next({}, 'nonsense'), { code: 'invalid_cursor' });
  await t.rejects(next({ getServiceInfo: () => ({ chainId: 'other' }) }), { code: 'chain_changed' });
  await t.rejects(next({ subscribeEvents: fails('UNIMPLEMENTED') }), { code: 'unsupported_endpoint' });
  const pruned = { getServiceInfo: () => ({ chainId: CHAIN_ID, lowestAvailableCheckpoint: 2n }) };
  await t.rejects(next(pruned), { code: 'history_pruned', message: /checkpoint 1 on.*checkpoint 2 on/ });
  const { ledger, follow } = await setUp(t, {
    listEvents: (call) => void fails('INVALID_ARGUMENT')(call as never),
  });
  ledger.grow(1);
  await t.rejects(follow(GENESIS, new AbortController().signal).next(), { code: 'endpoint_refused' });
});

t.test('history pruned between the look and the read is told from a refusal', async (t) => {
  const setUpPruned = () => {
    let pruned = false;
    return setUp(t, {
      getServiceInfo: () => ({ chainId: CHAIN_ID, lowestAvailableCheckpoint: pruned ? 3n : 0n }),
      listEvents: (call) => {
        const { startCheckpoint } = call.request;
        if (startCheckpoint === undefined) {
          pruned = true;
          call.emit('error', { code: new GrpcFailure('INVALID_ARGUMENT', '').code, details: 'pruned' });
          return;
        }
        call.request.options = { after: cursorOf(Number(startCheckpoint) - 0.5), ...call.request.options };
        list(call);
      },
    });
  };
  let list: (call: ListCall) => void = () => undefined;
  const refused = await setUpPruned();
  await t.rejects(refused.follow(GENESIS, new AbortController().signal).next(), { code: 'history_pruned' });
  const accepted = await setUpPruned();
  accepted.ledger.grow(4);
  list = (call) => accepted.ledger.list(call);
  const events: number[] = [];
  for await (const batch of accepted.follow(GENESIS, new AbortController().signal, true)) {
    events.push(...numbersOf(batch));
    if (events.length >= 2) break;
  }
  t.strictSame(events, [3, 4]);
});

t.test('live frames are as old as they are new, unless the stream hung', async (t) => {
  let now = 1_000;
  const clock = new LiveClock(() => now);
  t.equal(clock.arrival(), 1_000);
  now += 1_999;
  t.equal(clock.arrival(), 2_999);
  now += 2_001;
  t.equal(clock.arrival(), undefined, 'nobody knows since when it was under way');
  now += 999;
  t.equal(clock.arrival(), undefined, 'the rest of what piled up');
  now += 1;
  t.equal(clock.arrival(), 6_000);
});
