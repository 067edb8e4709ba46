import { setTimeout as pause } from 'node:timers/promises';
import { GrpcTypes } from '@mysten/sui/grpc';
import { Inputs } from '@mysten/sui/transactions';
import { toHex } from '@mysten/sui/utils';
import t from 'tap';
import { ABORT, commitmentRoot, EVENT_LAYOUTS } from '#src/chain/index.js';
import {
  commit,
  type DevnetFixture,
  eventNames,
  packageFilter,
  promptEvent,
  send,
  sendPrompt,
  startDevnet,
} from './devnet-client.js';

async function listed(
  { client, devnet }: DevnetFixture,
  request: Partial<Parameters<typeof client.ledgerService.listEvents>[0]> = {},
) {
  const readMask = { paths: ['event_type', 'contents', 'checkpoint', 'transaction_digest', 'event_index'] };
  const frames: GrpcTypes.ListEventsResponse[] = [];
  const call = client.ledgerService.listEvents({ filter: packageFilter(devnet), readMask, ...request });
  for await (const frame of call.responses) frames.push(frame);
  return {
    events: frames.flatMap(({ event }) => event ?? []),
    cursor: frames.at(-1)?.watermark?.cursor ?? new Uint8Array(),
    end: frames.at(-1)?.end?.reason,
  };
}

/** A client waits a moment before it connects anew. */
async function untilServed({ client }: DevnetFixture): Promise<void> {
  for (;;) {
    try {
      await client.ledgerService.getServiceInfo({}).response;
      return;
    } catch {
      await pause(20);
    }
  }
}

t.test('a chain that goes offline cuts its connections and comes back as it was', async (t) => {
  const fixture = await startDevnet(t, { checkpointMs: 10 });
  const { client, devnet } = fixture;
  devnet.addNode();
  const before = await listed(fixture);
  const stream = client.subscriptionService.subscribeEvents({ filter: packageFilter(devnet) });
  const frames = stream.responses[Symbol.asyncIterator]();
  await frames.next();
  const ended = t.rejects(
    async () => {
      for (;;) await frames.next();
    },
    { code: /^(UNAVAILABLE|CANCELLED)$/ },
  );
  const back = await devnet.goOffline();
  await ended;
  await t.rejects(client.ledgerService.getServiceInfo({}).response, { code: 'UNAVAILABLE' });
  devnet.addNode();
  await back();
  await untilServed(fixture);
  const after = await listed(fixture);
  t.equal(after.events.length, before.events.length + 2, 'the chain went on meanwhile');
  t.match((await client.ledgerService.getServiceInfo({}).response).chainId, devnet.chainId);
  await devnet.goOffline();
});

t.test('pruned history is refused as a full node refuses it', async (t) => {
  const fixture = await startDevnet(t, { checkpointMs: 60_000 });
  const { client, devnet } = fixture;
  devnet.addNode();
  const user = devnet.addUser();
  const old = await send(client, user, sendPrompt(devnet, user));
  const { cursor } = await listed(fixture);
  devnet.prune();
  const info = await client.ledgerService.getServiceInfo({}).response;
  t.equal(info.lowestAvailableCheckpoint, info.checkpointHeight);
  t.ok((info.lowestAvailableCheckpoint ?? 0n) > 3n);
  const fresh = await send(client, user, sendPrompt(devnet, user));

  const refusal = { code: 'INVALID_ARGUMENT', message: /checkpoint 2 has been pruned. Lowest .* is \d+/ };
  await t.rejects(listed(fixture, { startCheckpoint: 2n }), refusal);
  const [first] = (await listed({ client, devnet })).events;
  t.equal(first?.transactionDigest, fresh.digest, 'without a start it begins at the oldest there is');
  const stale = new Uint8Array(16);
  stale[7] = 2;
  await t.rejects(listed(fixture, { options: { after: stale } }), refusal);
  const caughtUp = await listed(fixture, { options: { after: cursor } });
  t.equal(caughtUp.events.length, 1, 'nothing is missing after the end of what was pruned');
  const backwards = await listed(fixture, { options: { ordering: GrpcTypes.Ordering.DESCENDING } });
  t.equal(backwards.events.length, 1);
  t.equal(backwards.end, GrpcTypes.QueryEndReason.CHECKPOINT_BOUND);

  await t.rejects(client.ledgerService.getTransaction({ digest: old.digest }).response, {
    code: 'NOT_FOUND',
  });
  await client.ledgerService.getTransaction({ digest: fresh.digest }).response;
  const checkpoint = (sequenceNumber: bigint) =>
    client.ledgerService.getCheckpoint({
      checkpointId: { oneofKind: 'sequenceNumber', sequenceNumber },
    }).response;
  await t.rejects(checkpoint(2n), { code: 'NOT_FOUND' });
  await checkpoint(info.lowestAvailableCheckpoint ?? 0n);
});

t.test('the chain writes down every commitment it executed, refused ones too', async (t) => {
  const { devnet, client } = await startDevnet(t);
  const node = devnet.addNode();
  devnet.addNode();
  const user = devnet.addUser();
  const sent = await send(client, user, sendPrompt(devnet, user, { nodes: 2n }));
  const { ticket_id: ticketId } = promptEvent(sent.events);
  const index = BigInt(
    promptEvent(sent.events).nodes.findIndex(({ inner }) => inner === String(node.smallId)),
  );
  const commitment = { text: 'blue', ticketId, index, chunks: 2n };
  const first = await send(client, node, commit(devnet, node, commitment));
  // With nothing left to resolve there is no simulation, so that the abort happens on the ledger.
  const { object: badge } = await client.getObject({ objectId: node.badgeId });
  const [gas] = (await client.listCoins({ owner: node.address })).objects;
  if (gas === undefined) throw new Error('a node has gas');
  const again = await send(client, node, (tx) => {
    tx.object(Inputs.ObjectRef(badge));
    for (const [objectId, mutable] of [
      [devnet.atomaDbId, true],
      ['0x8', false],
    ] as const) {
      tx.object(Inputs.SharedObjectRef({ objectId, initialSharedVersion: 1, mutable }));
    }
    commit(devnet, node, commitment)(tx);
    tx.setGasBudget(50_000_000n);
    tx.setGasPrice(1000n);
    tx.setGasPayment([gas]);
  });
  t.match(again.status, {
    success: false,
    error: { MoveAbort: { abortCode: String(ABORT.alreadyCommitted) } },
  });
  const common = {
    ticketId,
    smallId: node.smallId,
    root: toHex(commitmentRoot(new TextEncoder().encode('blue'), 2n)),
    inputTokens: 4n,
    outputTokens: 6n,
  };
  const commitments = devnet.commitments();
  t.same(
    commitments.map(({ atMs: _, ...commitment }) => commitment),
    [
      { ...common, digest: first.digest, succeeded: true },
      { ...common, digest: again.digest, succeeded: false },
    ],
  );
  const times = commitments.map(({ atMs }) => atMs);
  t.same(
    times,
    times.toSorted((a, b) => a - b),
    'with the times of their checkpoints, in order',
  );
});

t.test('a node can be poor, and be paid', async (t) => {
  const { devnet, client } = await startDevnet(t);
  const node = devnet.addNode({ gasMist: 1_234_567n });
  const coins = async () =>
    (await client.listCoins({ owner: node.address })).objects.map((coin) => coin.balance);
  t.same(await coins(), ['1234567']);
  devnet.payNode(node.address, 5n);
  t.same((await coins()).sort(), ['1234567', '5']);
});

t.test('more nodes can be asked for a ticket, each with the next leaf', async (t) => {
  const { devnet, client } = await startDevnet(t, {
    crossValidationChunks: 3,
    crossValidationPermille: undefined,
  });
  const nodes = [devnet.addNode(), devnet.addNode(), devnet.addNode()];
  const user = devnet.addUser();
  const prompt = async () => {
    const event = promptEvent((await send(client, user, sendPrompt(devnet, user, { nodes: null }))).events);
    t.equal(event.chunks_count, '3');
    const [first, ...others] = [...nodes].sort((a) => (String(a.smallId) === event.nodes[0]?.inner ? -1 : 1));
    if (first === undefined) throw new Error('nobody was asked');
    return { ticketId: event.ticket_id, first, others };
  };
  const answer = (node: (typeof nodes)[number], ticketId: string, index: bigint) =>
    send(client, node, commit(devnet, node, { text: 'blue', ticketId, index, chunks: 3n }));

  const { ticketId, first, others } = await prompt();
  t.same(eventNames((await answer(first, ticketId, 0n)).events), ['settlement::FirstSubmissionEvent']);
  const stream = client.subscriptionService.subscribeEvents({
    filter: packageFilter(devnet),
    readMask: { paths: ['event_type', 'contents'] },
  });
  const frames = stream.responses[Symbol.asyncIterator]();
  await frames.next();
  for (const [index, other] of others.entries()) {
    devnet.sampleMore(ticketId, other.smallId);
    const { events } = await answer(other, ticketId, BigInt(index + 1));
    t.same(eventNames(events), index === 1 ? ['settlement::SettledEvent'] : []);
  }
  const sampled: unknown[] = [];
  while (sampled.length < 2) {
    const { event } = (await frames.next()).value ?? {};
    if (!event?.eventType?.endsWith('NewlySampledNodesEvent')) continue;
    sampled.push(EVENT_LAYOUTS['settlement::NewlySampledNodesEvent'].parse(event.contents.value));
  }
  t.match(sampled, [{ ticket_id: ticketId, new_nodes: [{ order: '1' }] }, { new_nodes: [{ order: '2' }] }]);
  for (const node of nodes) t.equal(devnet.feeEarned(ticketId, node.smallId), 10n);
  t.throws(() => devnet.sampleMore(ticketId, first.smallId), 'the ticket is gone');

  const left = await prompt();
  await answer(left.first, left.ticketId, 0n);
  t.throws(() => devnet.sampleMore(left.ticketId, left.first.smallId), 'it was asked already');
  const settled = await send(client, user, (tx) =>
    tx.moveCall({
      target: `${devnet.packageId}::settlement::try_to_settle`,
      arguments: [tx.object(devnet.atomaDbId), tx.pure.id(left.ticketId), tx.object.random()],
    }),
  );
  t.same(eventNames(settled.events), ['settlement::SettledEvent'], 'nobody else was asked');
});

t.test('events of any type and bytes can be emitted', async (t) => {
  const fixture = await startDevnet(t);
  const { devnet } = fixture;
  const id = devnet.emitRaw(`${devnet.packageId}::gate::Text2TextPromptEvent`, Uint8Array.of(1, 2, 3));
  const other = devnet.emitRaw(`0x${'7'.repeat(64)}::gate::Text2TextPromptEvent`, new Uint8Array());
  t.not(id, other);
  const { events } = await listed(fixture);
  const found = events.filter((event) => `${event.transactionDigest}:${event.eventIndex}` === id);
  t.same(Uint8Array.from(found[0]?.contents?.value ?? []), Uint8Array.of(1, 2, 3));
  t.notOk(
    events.some((event) => `${event.transactionDigest}:${event.eventIndex}` === other),
    'not in the package',
  );
});
