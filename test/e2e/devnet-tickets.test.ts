import { Transaction } from '@mysten/sui/transactions';
import t from 'tap';
import { ABORT, floatToBits } from '#src/chain/index.js';
import {
  commit,
  eventNames,
  keypairOf,
  promptEvent,
  send,
  sendPrompt,
  simulatedAbort,
  startDevnet,
  tomaBalance,
} from './devnet-client.js';

t.test('a prompt for one node is settled, paid and refunded', async (t) => {
  const fixture = await startDevnet(t);
  const { devnet, client } = fixture;
  const node = devnet.addNode();
  const user = devnet.addUser();
  const before = await tomaBalance(fixture, user.address);

  const sent = await send(client, user, sendPrompt(devnet, user));
  t.equal(sent.status.success, true, sent.status.error?.message ?? 'sent');
  const event = promptEvent(sent.events);
  t.same(event.nodes, [{ inner: String(node.smallId) }]);
  t.equal(event.chunks_count, '1');
  t.equal(event.params.prompt, 'The sea is');
  // 10 bytes of prompt, a BOS token, 16 tokens of output, a fee of 1 each.
  t.equal(before - (await tomaBalance(fixture, user.address)), 27n);
  t.equal(devnet.feeEarned(event.ticket_id, node.smallId), undefined, 'nothing is earned yet');

  const committed = await send(
    client,
    node,
    commit(devnet, node, { text: 'blue', ticketId: event.ticket_id }),
  );
  t.equal(committed.status.success, true, committed.status.error?.message ?? 'committed');
  t.same(eventNames(committed.events), ['settlement::FirstSubmissionEvent', 'settlement::SettledEvent']);
  t.equal(devnet.feeEarned(event.ticket_id, node.smallId), 10n);
  t.equal(before - (await tomaBalance(fixture, user.address)), 10n, 'the rest came back');
});

t.test('a ticket of three nodes settles when the third agrees', async (t) => {
  const fixture = await startDevnet(t);
  const { devnet, client } = fixture;
  const nodes = [devnet.addNode(), devnet.addNode(), devnet.addNode(), devnet.addNode()];
  const user = devnet.addUser();
  const before = await tomaBalance(fixture, user.address);
  const sent = await send(client, user, sendPrompt(devnet, user, { nodes: 3n }));
  const { ticket_id: ticketId, nodes: sampled, chunks_count: chunks } = promptEvent(sent.events);
  t.equal(chunks, '3');
  t.equal(new Set(sampled.map(({ inner }) => inner)).size, 3, 'three different nodes');

  const names: string[][] = [];
  for (const [index, { inner }] of sampled.entries()) {
    const node = nodes.find(({ smallId }) => String(smallId) === inner);
    if (node === undefined) throw new Error(`node ${inner} was sampled but never made`);
    const commitment = { text: 'blue', ticketId, index: BigInt(index), chunks: 3n };
    const committed = await send(client, node, commit(devnet, node, commitment));
    names.push(eventNames(committed.events));
  }
  t.same(names, [['settlement::FirstSubmissionEvent'], [], ['settlement::SettledEvent']]);
  for (const { inner } of sampled) t.equal(devnet.feeEarned(ticketId, BigInt(inner)), 10n);
  t.equal(before - (await tomaBalance(fixture, user.address)), 30n);
});

t.test('a node that differs puts the ticket in dispute, and nobody is paid', async (t) => {
  const { devnet, client } = await startDevnet(t);
  const nodes = new Map([devnet.addNode(), devnet.addNode()].map((node) => [String(node.smallId), node]));
  const user = devnet.addUser();
  const different = [{ text: 'green' }, { text: 'blue', outputTokens: 7n }];
  for (const second of different) {
    const sent = await send(client, user, sendPrompt(devnet, user, { nodes: 2n }));
    const { ticket_id: ticketId, nodes: sampled } = promptEvent(sent.events);
    const [first, other] = sampled.map(({ inner }) => nodes.get(inner));
    if (first === undefined || other === undefined) throw new Error('two nodes were to be sampled');
    await send(client, first, commit(devnet, first, { text: 'blue', ticketId, chunks: 2n }));
    const commitment = commit(devnet, other, { ...second, ticketId, index: 1n, chunks: 2n });
    const disputed = await send(client, other, commitment);
    t.same(eventNames(disputed.events), ['settlement::DisputeEvent']);
    t.equal(devnet.feeEarned(ticketId, first.smallId), undefined);
  }
});

t.test('a root that is not that of its leaves is disputed', async (t) => {
  const { devnet, client } = await startDevnet(t);
  const node = devnet.addNode();
  const user = devnet.addUser();
  const { ticket_id: ticketId } = promptEvent((await send(client, user, sendPrompt(devnet, user))).events);
  const wrong = commit(devnet, node, { text: 'blue', ticketId, index: 1n, chunks: 1n });
  const { events } = await send(client, node, wrong);
  t.same(eventNames(events), ['settlement::FirstSubmissionEvent', 'settlement::DisputeEvent']);
});

t.test('nodes cannot earn more than the deposit', async (t) => {
  const fixture = await startDevnet(t);
  const { devnet, client } = fixture;
  const node = devnet.addNode();
  const user = devnet.addUser();
  const before = await tomaBalance(fixture, user.address);
  const { ticket_id: ticketId } = promptEvent((await send(client, user, sendPrompt(devnet, user))).events);
  const greedy = { text: 'blue', ticketId, inputTokens: 1n << 63n, outputTokens: (1n << 64n) - 1n };
  await send(client, node, commit(devnet, node, greedy));
  t.equal(devnet.feeEarned(ticketId, node.smallId), 27n);
  t.equal(before - (await tomaBalance(fixture, user.address)), 27n);
});

t.test('without nodes_to_sample one node is asked for one chunk', async (t) => {
  const { devnet, client } = await startDevnet(t);
  devnet.addNode();
  devnet.addNode();
  const user = devnet.addUser();
  const event = promptEvent((await send(client, user, sendPrompt(devnet, user, { nodes: null }))).events);
  t.equal(event.nodes.length, 1);
  t.equal(event.chunks_count, '1');
});

t.test('gate::submit_text2text_prompt takes a balance, params and a seed of the caller', async (t) => {
  const { devnet, client } = await startDevnet(t);
  const node = devnet.addNode();
  const user = devnet.addUser();
  const sent = await send(client, user, (tx) => {
    const balance = tx.moveCall({
      target: '0x2::coin::balance_mut',
      typeArguments: [`${devnet.tomaPackageId}::toma::TOMA`],
      arguments: [tx.object(user.tomaCoinId)],
    });
    const params = tx.moveCall({
      target: `${devnet.packageId}::gate::create_text2text_prompt_params`,
      arguments: [
        tx.pure.u64(8n),
        tx.pure.string(devnet.model),
        tx.pure.vector('u32', [1, 4_294_967_295]),
        tx.pure.bool(true),
        tx.pure.string('größer als 🦊'),
        tx.pure.u64(18_446_744_073_709_551_615n),
        tx.pure.u64(0n),
        tx.pure.u32(floatToBits(1)),
        tx.pure.bool(false),
        tx.pure.u32(floatToBits(0)),
        tx.pure.u64(0n),
        tx.pure.u32(floatToBits(1)),
      ],
    });
    tx.moveCall({
      target: `${devnet.packageId}::gate::submit_text2text_prompt`,
      arguments: [
        tx.object(devnet.atomaDbId),
        balance,
        params,
        tx.pure.u64(5n),
        tx.pure.option('u64', 1n),
        tx.pure.vector('u8', [1, 2, 3]),
        tx.object.random(),
      ],
    });
  });
  t.equal(sent.status.success, true, sent.status.error?.message ?? 'sent');
  const event = promptEvent(sent.events);
  t.match(event, {
    nodes: [{ inner: String(node.smallId) }],
    params: {
      max_tokens: '8',
      pre_prompt_tokens: [1, 4_294_967_295],
      prepend_output_with_input: true,
      prompt: 'größer als 🦊',
      random_seed: '18446744073709551615',
      temperature: 0,
      top_p: 1_065_353_216,
    },
  });
  t.same([...event.output_destination], [1, 2, 3]);
  t.match(sent.events[0]?.json, {
    ticket_id: event.ticket_id,
    chunks_count: '1',
    nodes: [{ inner: '1' }],
    output_destination: 'AQID',
  });
});

t.test('the contract refuses with its abort codes: in simulation, and on chain', async (t) => {
  const { devnet, client } = await startDevnet(t);
  const node = devnet.addNode();
  const other = devnet.addNode();
  const user = devnet.addUser();
  const event = promptEvent((await send(client, user, sendPrompt(devnet, user, { nodes: 2n }))).events);
  const ticketId = event.ticket_id;
  const index = BigInt(event.nodes.findIndex(({ inner }) => inner === String(node.smallId)));
  const mine = commit(devnet, node, { text: 'blue', ticketId, index, chunks: 2n });
  await send(client, node, mine);

  const refused = async (
    code: number | string,
    account: { readonly secretKey: string },
    build: typeof mine,
  ) => {
    t.equal(await simulatedAbort(send(client, account, build)), String(code), `abort ${code}`);
  };
  await refused(ABORT.alreadyCommitted, node, mine);
  const late = devnet.addNode();
  await refused(ABORT.notAwaitingCommitment, late, commit(devnet, late, { text: 'blue', ticketId }));
  await refused(ABORT.noEligibleEchelons, user, sendPrompt(devnet, user, { nodes: 4n }));
  await refused(ABORT.noEligibleEchelons, user, sendPrompt(devnet, user, { maxFee: 0n }));
  await refused(ABORT.tooManyNodesToSample, user, sendPrompt(devnet, user, { nodes: 257n }));
  await refused(1, user, sendPrompt(devnet, user, { model: 'no-such-model' }));
  await refused(1, node, commit(devnet, node, { text: 'blue', ticketId: `0x${'1'.repeat(64)}` }));
  await refused(2, user, sendPrompt(devnet, user, { maxTokens: 1n << 62n }));
  await t.rejects(
    send(client, user, sendPrompt(devnet, user, { maxTokens: (1n << 64n) - 1n })),
    { message: /more than a u64 holds/ },
    'a fee beyond u64 is an arithmetic error',
  );
  await refused(ABORT.hashNot32Bytes, other, (tx) => {
    tx.moveCall({
      target: `${devnet.packageId}::settlement::submit_commitment`,
      arguments: [
        tx.object(devnet.atomaDbId),
        tx.object(other.badgeId),
        tx.pure.id(ticketId),
        tx.pure.u64(1n),
        tx.pure.u64(1n),
        tx.pure.vector('u8', [1]),
        tx.pure.vector('u8', new Uint8Array(32)),
        tx.object.random(),
      ],
    });
  });
});

t.test('a transaction that aborts on chain is committed, pays its gas and does nothing else', async (t) => {
  const { devnet, client } = await startDevnet(t);
  const node = devnet.addNode();
  const user = devnet.addUser();
  const { ticket_id: ticketId } = promptEvent((await send(client, user, sendPrompt(devnet, user))).events);
  // Built while the ticket was there, sent when it is gone.
  const transaction = new Transaction();
  transaction.setSender(user.address);
  transaction.moveCall({
    target: `${devnet.packageId}::settlement::try_to_settle`,
    arguments: [
      transaction.object(devnet.atomaDbId),
      transaction.pure.id(ticketId),
      transaction.object.random(),
    ],
  });
  const bytes = await transaction.build({ client });
  const { signature } = await keypairOf(user).signTransaction(bytes);
  await send(client, node, commit(devnet, node, { text: 'blue', ticketId }));
  const failed = await client.executeTransaction({
    transaction: bytes,
    signatures: [signature],
    include: { effects: true, events: true, balanceChanges: true },
  });
  t.equal(failed.$kind, 'FailedTransaction');
  t.match(failed.FailedTransaction?.status, {
    success: false,
    error: { $kind: 'MoveAbort', MoveAbort: { abortCode: '1', location: { module: 'dynamic_field' } } },
  });
  t.same(failed.FailedTransaction?.events, []);
  const paid = failed.FailedTransaction?.balanceChanges ?? [];
  t.equal(paid.length, 1, 'gas is all that moved');
  t.ok(BigInt(paid[0]?.amount ?? 0) < 0n);
});

t.test('a settled ticket is gone from the chain; an open one can be read there', async (t) => {
  const { devnet, client } = await startDevnet(t);
  const node = devnet.addNode();
  const user = devnet.addUser();
  const event = promptEvent((await send(client, user, sendPrompt(devnet, user))).events);
  const { object: ticket } = await client.getObject({ objectId: event.ticket_id });
  t.match(ticket.type, /::settlement::SettlementTicket$/);
  const { dynamicFields } = await client.listDynamicFields({ parentId: event.ticket_id });
  t.equal(dynamicFields.length, 1);
  t.match(dynamicFields[0], { name: { type: /::ascii::String$/ } });
  await send(client, node, commit(devnet, node, { text: 'blue', ticketId: event.ticket_id }));
  await t.rejects(client.getObject({ objectId: event.ticket_id }), { code: 'notExists' });
});
