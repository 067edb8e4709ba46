import { GrpcTypes } from '@mysten/sui/grpc';
import { toBase64 } from '@mysten/sui/utils';
import { pino } from 'pino';
import t from 'tap';
import { ABORT, commitmentLeaf, commitmentRoot, EVENT_LAYOUTS } from '#src/chain/index.js';
import { type Devnet, type DevnetNode, PromptUser } from '#src/devnet/index.js';
import {
  commit,
  type DevnetFixture,
  eventNames,
  promptEvent,
  send,
  sendPrompt,
  simulatedAbort,
  startDevnet,
  tomaBalance,
} from './devnet-client.js';

const TIMEOUT_MS = 60_000;

/** An object as a full node renders it in JSON. */
async function jsonOf({ client }: DevnetFixture, objectId: string): Promise<unknown> {
  const call = client.ledgerService.getObject({ objectId, readMask: { paths: ['json'] } });
  const { object } = (await call).response;
  const field = GrpcTypes.Object.fields.find(({ name }) => name === 'json');
  if (field?.kind !== 'message' || object?.json === undefined) return undefined;
  return field.T().toJson(object.json);
}

/** `settlement::settle_dispute` by an oracle that found this text. */
function settleDispute(devnet: Devnet, oracle: DevnetNode, ticketId: string, text: string) {
  const data = new TextEncoder().encode(text);
  return (tx: Parameters<Parameters<typeof send>[2]>[0]): void => {
    tx.moveCall({
      target: `${devnet.packageId}::settlement::settle_dispute`,
      arguments: [
        tx.object(devnet.atomaDbId),
        tx.object(oracle.badgeId),
        tx.pure.id(ticketId),
        tx.pure.u64(4n),
        tx.pure.u64(6n),
        tx.pure.vector('u8', commitmentRoot(data, 2n)),
        tx.pure.vector('u8', Buffer.concat([commitmentLeaf(data, 0n), commitmentLeaf(data, 1n)])),
      ],
    });
  };
}

t.test('a dispute from the prompt to the oracle, as a client sees it', async (t) => {
  const fixture = await startDevnet(t);
  const { devnet, client } = fixture;
  const nodes = [devnet.addNode(), devnet.addNode()];
  const oracle = devnet.addNode({ oracle: true });
  const user = devnet.addUser();
  const before = await tomaBalance(fixture, user.address);
  const event = promptEvent((await send(client, user, sendPrompt(devnet, user, { nodes: 2n }))).events);
  const ticketId = event.ticket_id;
  const [honest, liar] = event.nodes.map(({ inner }) => nodes.find((one) => String(one.smallId) === inner));
  if (honest === undefined || liar === undefined) throw new Error('two nodes were to be sampled');
  const collateral = devnet.collateral(liar.smallId) ?? 0n;
  await send(client, honest, commit(devnet, honest, { text: 'blue', ticketId, chunks: 2n }));
  t.match(devnet.ticket(ticketId), { nodes: [{ committed: true }, { committed: false }], chunks: 2 });

  const blue = new TextEncoder().encode('blue');
  t.match(await jsonOf(fixture, ticketId), {
    id: ticketId,
    payer: user.address,
    model_name: devnet.model,
    echelon_id: { id: '0' },
    all: event.nodes,
    completed: [{ inner: String(honest.smallId) }],
    input_tokens_count: '4',
    output_tokens_count: '6',
    is_being_disputed: false,
    merkle_root: toBase64(commitmentRoot(blue, 2n)),
    merkle_leaves: toBase64(Buffer.concat([commitmentLeaf(blue, 0n), new Uint8Array(32)])),
    timeout: { timed_out_count: '0', timeout_ms: String(TIMEOUT_MS), started_in_epoch: '0' },
  });
  t.match(await jsonOf(fixture, liar.badgeId), { small_id: { inner: String(liar.smallId) } });

  const lie = commit(devnet, liar, { text: 'green', ticketId, index: 1n, chunks: 2n });
  t.same(eventNames((await send(client, liar, lie)).events), ['settlement::DisputeEvent']);
  t.match(await jsonOf(fixture, ticketId), { is_being_disputed: true });
  const verdict = settleDispute(devnet, oracle, ticketId, 'blue');
  const early = await simulatedAbort(send(client, oracle, verdict));
  t.equal(early, String(ABORT.notReadyToSettle));
  devnet.advance(TIMEOUT_MS);
  const { events } = await send(client, oracle, verdict);
  t.same(eventNames(events), ['settlement::SettledEvent']);
  const { oracle_node_id: by } = EVENT_LAYOUTS['settlement::SettledEvent'].parse(
    events[0]?.bcs ?? new Uint8Array(),
  );
  t.equal(by?.inner, String(oracle.smallId));

  t.equal(devnet.ticket(ticketId), undefined);
  t.equal(devnet.collateral(liar.smallId), 0n);
  t.equal(devnet.slashed(liar.smallId), collateral);
  t.equal(devnet.treasury(), collateral);
  t.same(devnet.slashes(), [{ ticketId, smallId: liar.smallId, amount: collateral, reason: 'dispute' }]);
  t.match(devnet.settlements(), [{ ticketId, paid: [{ smallId: honest.smallId, amount: 10n }] }]);
  t.equal(before - (await tomaBalance(fixture, user.address)), 10n, 'one of two was paid');
});

t.test('a timeout can be reached by waiting, and anybody can say so', async (t) => {
  const { devnet, client } = await startDevnet(t, { settlementTimeoutMs: 1n });
  devnet.addNode();
  const user = devnet.addUser();
  const { ticket_id: ticketId } = promptEvent((await send(client, user, sendPrompt(devnet, user))).events);
  devnet.addNode();
  for (let count = 0; count === 0; count = devnet.ticket(ticketId)?.timedOutCount ?? 0) {
    devnet.tryToSettle(ticketId);
  }
  t.match(devnet.ticket(ticketId), { replaced: [1n], nodes: [{ smallId: 2n }] });
});

t.test('an image is asked of nodes that make images, in an event of its own', async (t) => {
  const { devnet, client } = await startDevnet(t);
  devnet.addNode();
  devnet.addModel('painter', 1n);
  const painter = devnet.addNode({ model: 'painter' });
  const account = devnet.addUser();
  const { url, packageId, tomaPackageId, atomaDbId } = devnet;
  const { secretKey, tomaCoinId } = account;
  const user = new PromptUser(
    { url, secretKey, packageId, tomaPackageId, atomaDbId, tomaCoinId },
    { logger: pino({ level: 'silent' }) },
  );
  t.teardown(() => user.close());
  const request = { model: 'painter', prompt: 'a lighthouse', width: 8n, height: 16n };
  const sent = await user.sendImagePrompt(request, 77n);
  t.same(sent.nodes, [painter.smallId]);
  t.equal(sent.randomSeed, 77n);
  const { dynamicFields } = await client.listDynamicFields({ parentId: sent.ticketId });
  t.match(dynamicFields, [{ valueType: `${packageId}::gate::Text2ImagePromptParams` }]);
  const result = await client.getTransaction({ digest: sent.digest, include: { events: true } });
  const [event] = result.Transaction?.events ?? [];
  t.match(EVENT_LAYOUTS['gate::Text2ImagePromptEvent'].parse(event?.bcs ?? new Uint8Array()), {
    params: { height: '16', img2img: null, model: 'painter', prompt: 'a lighthouse', width: '8' },
  });
  const refused = { code: 'prompt_rejected', fields: { abortCode: ABORT.modalityMismatch } };
  await t.rejects(user.sendImagePrompt({ ...request, model: devnet.model }, 1n), refused);
  await t.rejects(user.sendPrompt({ model: 'painter', prompt: 'hello' }), refused);

  const commitment = { text: 'pixels', ticketId: sent.ticketId, outputTokens: 128n };
  await send(client, painter, commit(devnet, painter, commitment));
  t.equal(devnet.feeEarned(sent.ticketId, painter.smallId), 132n, 'a token per pixel, and the prompt');
});

t.test('an operator begins without a badge, and can take any echelon', async (t) => {
  const fixture = await startDevnet(t);
  const { devnet, client } = fixture;
  devnet.addEchelon({ model: devnet.model, echelon: 5n, outputFeePerToken: 3n });
  const operator = devnet.addOperator();
  t.ok((await tomaBalance(fixture, operator.address)) > 0n);
  await send(client, operator, (tx) =>
    tx.moveCall({
      target: `${devnet.packageId}::db::register_node_entry`,
      arguments: [tx.object(devnet.atomaDbId), tx.object(operator.tomaCoinId)],
    }),
  );
  const inFive = devnet.addNode({ echelon: 5n });
  t.equal(devnet.collateral(1n), devnet.collateral(inFive.smallId), 'both are registered');
  const user = devnet.addUser();
  await t.rejects(send(client, user, sendPrompt(devnet, user, { maxFee: 2n })), {
    message: new RegExp(String(ABORT.noEligibleEchelons)),
  });
  const { nodes } = promptEvent((await send(client, user, sendPrompt(devnet, user, { maxFee: 3n }))).events);
  t.same(nodes, [{ inner: String(inFive.smallId) }]);
  t.throws(() => devnet.addModel(devnet.model), { code: 'devnet_setup_failed' });
});
