import { EventEmitter, once } from 'node:events';
import { GrpcTypes } from '@mysten/sui/grpc';
import { toBase64 } from '@mysten/sui/utils';
import t from 'tap';
import {
  commit,
  type DevnetFixture,
  packageFilter,
  promptEvent,
  send,
  sendPrompt,
  startDevnet,
} from './devnet-client.js';

const { QueryEndReason } = GrpcTypes;
const EVENT_MASK = { paths: ['event_type', 'transaction_digest', 'event_index'] };

/** A page of the contract's events. */
async function list(
  { client, devnet }: DevnetFixture,
  options: { after?: Uint8Array; before?: Uint8Array; limit?: number; ordering?: GrpcTypes.Ordering },
  filter = packageFilter(devnet),
) {
  const request = GrpcTypes.ListEventsRequest.create({ filter, options, readMask: EVENT_MASK });
  const frames: GrpcTypes.ListEventsResponse[] = [];
  for await (const frame of client.ledgerService.listEvents(request).responses) frames.push(frame);
  const last = frames.at(-1);
  return {
    ids: frames.flatMap(({ event }) => (event ? [`${event.transactionDigest}:${event.eventIndex}`] : [])),
    cursor: last?.watermark?.cursor ?? new Uint8Array(),
    end: last?.end?.reason,
    ends: frames.filter(({ end }) => end !== undefined).length,
    frames,
  };
}

/** Sends prompts; each is an event. */
async function prompts({ devnet, client }: DevnetFixture, count: number): Promise<string[]> {
  const user = devnet.addUser();
  const tickets: string[] = [];
  for (let n = 0; n < count; n++) {
    tickets.push(promptEvent((await send(client, user, sendPrompt(devnet, user))).events).ticket_id);
  }
  return tickets;
}

t.test('ListEvents pages forwards and backwards without a gap', async (t) => {
  const fixture = await startDevnet(t, { checkpointMs: 5 });
  fixture.devnet.addNode();
  await prompts(fixture, 7);
  const all = await list(fixture, { limit: 1000 });
  // Published, registered, subscribed, seven prompts.
  t.equal(all.ids.length, 10);
  t.equal(all.end, QueryEndReason.LEDGER_TIP);
  t.equal(all.ends, 1);

  const forwards: string[] = [];
  let after: Uint8Array | undefined;
  for (let end: GrpcTypes.QueryEndReason | undefined; end !== QueryEndReason.LEDGER_TIP; ) {
    const page = await list(fixture, { limit: 3, ...(after ? { after } : {}) });
    t.ok(page.ids.length <= 3);
    t.equal(page.ends, 1);
    forwards.push(...page.ids);
    after = page.cursor;
    end = page.end;
  }
  t.same(forwards, all.ids);

  const backwards: string[] = [];
  let before: Uint8Array | undefined;
  for (let end: GrpcTypes.QueryEndReason | undefined; end !== QueryEndReason.CHECKPOINT_BOUND; ) {
    const page = await list(fixture, {
      limit: 4,
      ordering: GrpcTypes.Ordering.DESCENDING,
      ...(before ? { before } : {}),
    });
    backwards.push(...page.ids);
    before = page.cursor;
    end = page.end;
  }
  t.same(backwards.reverse(), all.ids);
  const bounded = await list(fixture, {
    limit: 1000,
    before: all.frames[4]?.watermark?.cursor ?? after ?? new Uint8Array(),
  });
  t.same(bounded.ids, all.ids.slice(0, 4), 'before is exclusive');
  t.equal(bounded.end, QueryEndReason.CURSOR_BOUND);
  await t.rejects(list(fixture, { after: new Uint8Array([1]) }), { code: 'INVALID_ARGUMENT' });
});

t.test('the SDK lists events too', async (t) => {
  const fixture = await startDevnet(t);
  fixture.devnet.addNode();
  const tickets = await prompts(fixture, 3);
  const eventType = `${fixture.devnet.packageId}::gate::Text2TextPromptEvent`;
  const page = await fixture.client.listEvents({ filter: { eventType }, limit: 2 });
  t.equal(page.events.length, 2);
  t.equal(page.hasNextPage, true);
  t.match(page.events[0]?.json, { ticket_id: tickets[0] });
});

t.test('filters: package, module, type, sender, negated, several terms', async (t) => {
  const fixture = await startDevnet(t);
  const { devnet, client } = fixture;
  const node = devnet.addNode();
  const user = devnet.addUser();
  const { ticket_id: ticketId } = promptEvent((await send(client, user, sendPrompt(devnet, user))).events);
  await send(client, node, commit(devnet, node, { text: 'blue', ticketId }));
  type Predicate = GrpcTypes.EventLiteral['predicate'];
  const eventType = (text: string): Predicate => ({ oneofKind: 'eventType', eventType: { eventType: text } });
  const emitModule = (module: string): Predicate => ({ oneofKind: 'emitModule', emitModule: { module } });
  const sender = (address: string): Predicate => ({ oneofKind: 'sender', sender: { address } });
  const count = async (...terms: { negated?: boolean; predicate: Predicate }[][]) => {
    const filter = {
      terms: terms.map((literals) => ({ literals: literals.map((l) => ({ negated: false, ...l })) })),
    };
    return (await list(fixture, { limit: 1000 }, filter)).ids.length;
  };
  const id = devnet.packageId;
  t.equal(await count([{ predicate: eventType(id) }]), 6);
  t.equal(await count([{ predicate: eventType(`${id}::settlement`) }]), 2);
  t.equal(await count([{ predicate: eventType(`${id}::settle`) }]), 0, 'a module has its whole name');
  t.equal(await count([{ predicate: eventType(`${id}::gate::Text2TextPromptEvent`) }]), 1);
  t.equal(await count([{ predicate: emitModule(`${id}::prompts`) }]), 1, 'the top-level call was to prompts');
  t.equal(await count([{ predicate: emitModule(`${id}::gate`) }]), 0);
  t.equal(await count([{ predicate: sender(node.address) }]), 4);
  t.equal(
    await count([{ predicate: sender(node.address) }, { negated: true, predicate: eventType(`${id}::db`) }]),
    2,
  );
  t.equal(
    await count([{ predicate: sender(user.address) }], [{ predicate: eventType(`${id}::settlement`) }]),
    3,
  );
  t.equal(await count([{ predicate: eventType('0x2') }]), 0);
  await t.rejects(count(), { code: 'INVALID_ARGUMENT' }, 'a filter without terms');
  await t.rejects(count([{ predicate: eventType('nonsense') }]), { code: 'INVALID_ARGUMENT' });
});

/** Frames of a subscription as they come, and how it ends. */
function subscribe({ client, devnet }: DevnetFixture) {
  const abort = new AbortController();
  const frames: GrpcTypes.SubscribeEventsResponse[] = [];
  const arrivals = new EventEmitter();
  const call = client.subscriptionService.subscribeEvents(
    { filter: packageFilter(devnet), readMask: EVENT_MASK },
    { abort: abort.signal },
  );
  const ended = (async (): Promise<unknown> => {
    try {
      for await (const frame of call.responses) {
        frames.push(frame);
        arrivals.emit('frame');
      }
      return undefined;
    } catch (error) {
      return error;
    }
  })();
  const until = async (condition: () => boolean): Promise<void> => {
    while (!condition()) await once(arrivals, 'frame');
  };
  const ids = () =>
    frames.flatMap(({ event }) => (event ? [`${event.transactionDigest}:${event.eventIndex}`] : []));
  return { frames, ended, until, ids, stop: () => abort.abort() };
}

t.test('a subscription starts at the tip and joins the list without a gap', async (t) => {
  const fixture = await startDevnet(t, { checkpointMs: 10 });
  fixture.devnet.addNode();
  await prompts(fixture, 2);
  const stream = subscribe(fixture);
  await stream.until(() => stream.frames.length > 0);
  t.equal(stream.frames[0]?.event, undefined, 'the first frame only says where it starts');
  const head = stream.frames[0]?.watermark?.cursor ?? new Uint8Array();
  await prompts(fixture, 3);
  const past = await list(fixture, { before: head, limit: 1000 });
  t.equal(past.end, QueryEndReason.CURSOR_BOUND);
  await stream.until(() => stream.ids().length === 3);
  t.same([...past.ids, ...stream.ids()], (await list(fixture, { limit: 1000 })).ids);

  const seen = stream.frames.length;
  await stream.until(() => stream.frames.length > seen + 3);
  t.ok(
    stream.frames.slice(seen).every(({ event }) => event === undefined),
    'progress while nothing happens',
  );
  const cursors = stream.frames.map(({ watermark }) => Buffer.from(watermark?.cursor ?? []).toString('hex'));
  t.same(cursors, [...cursors].sort(), 'watermarks never go back');
  stream.stop();
  t.match(await stream.ended, { code: 'CANCELLED' });
});

t.test('faults on request: dropped streams, an index that trails', async (t) => {
  const fixture = await startDevnet(t, { checkpointMs: 10 });
  fixture.devnet.addNode();
  const stream = subscribe(fixture);
  await stream.until(() => stream.frames.length > 0);
  fixture.devnet.dropStreams();
  t.match(await stream.ended, { code: 'UNAVAILABLE' });

  const release = fixture.devnet.holdIndex();
  const before = await list(fixture, { limit: 1000 });
  await prompts(fixture, 2);
  const again = subscribe(fixture);
  await again.until(() => again.frames.length > 0);
  const head = again.frames[0]?.watermark?.cursor ?? new Uint8Array();
  const held = await list(fixture, { before: head, limit: 1000 });
  t.same(held.ids, before.ids);
  t.equal(held.end, QueryEndReason.LEDGER_TIP, 'the index has not got to the head yet');
  release();
  const caughtUp = await list(fixture, { after: held.cursor, before: head, limit: 1000 });
  t.equal(caughtUp.ids.length, 2);
  t.equal(caughtUp.end, QueryEndReason.CURSOR_BOUND);
  again.stop();
  await again.ended;
});

t.test('checkpoints are streamed in order, and hold their transactions', async (t) => {
  const { devnet, client } = await startDevnet(t, { checkpointMs: 10 });
  const abort = new AbortController();
  const call = client.subscriptionService.subscribeCheckpoints(
    { readMask: { paths: ['sequence_number', 'transactions.digest'] } },
    { abort: abort.signal },
  );
  const sequences: bigint[] = [];
  let digests: (string | undefined)[] = [];
  for await (const { cursor, checkpoint } of call.responses) {
    if (sequences.length === 0) devnet.addUser();
    sequences.push(cursor ?? -1n);
    t.equal(checkpoint?.sequenceNumber, cursor);
    t.equal(checkpoint?.digest, undefined, 'not asked for');
    digests = checkpoint?.transactions.map(({ digest }) => digest) ?? [];
    if (digests.length > 0) break;
  }
  abort.abort();
  t.same(
    sequences,
    sequences.map((_, index) => (sequences[0] ?? 0n) + BigInt(index)),
  );
  const found = await client.getTransaction({ digest: digests[0] ?? '' });
  t.equal(found.Transaction?.digest, digests[0]);
});

t.test('an event reaches a subscriber fast', async (t) => {
  const fixture = await startDevnet(t, { checkpointMs: 60_000 });
  fixture.devnet.addNode();
  const stream = subscribe(fixture);
  await stream.until(() => stream.frames.length > 0);
  await prompts(fixture, 1);
  // With the next idle checkpoint a minute away, only the transaction's own can bring it.
  await stream.until(() => stream.ids().length === 1);
  t.ok(toBase64(stream.frames.at(-1)?.watermark?.cursor ?? new Uint8Array()));
  stream.stop();
  await stream.ended;
});
