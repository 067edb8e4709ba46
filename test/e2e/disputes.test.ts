import t from 'tap';
import { lie, SettlementStage, TIMEOUT_MS, until } from '../fixtures/settlement-stage.js';

t.test(
  'a node lies: the oracle settles the dispute, names exactly the liar, and it alone is slashed',
  async (t) => {
    const stage = await SettlementStage.set(t);
    const honest = await stage.join();
    const other = await stage.join();
    const liar = await stage.join({ alterAnswer: lie });
    const oracle = await stage.join({ oracle: true });
    const { ticketId } = await stage.send({ nodesToSample: 3n });
    await Promise.all([honest, other, liar].map((member) => member.reaches(ticketId, 'settled')));
    const judged = await until('the oracle knows how it ended', () => {
      const dispute = oracle.dispute(ticketId);
      return dispute?.state === 'settled' ? dispute : undefined;
    });
    t.match(judged, {
      oracleNodeId: oracle.smallId,
      cause: 'the commitments of its nodes differ',
      countsAgree: true,
    });
    t.equal(judged.settlement?.startsWith(`${judged.digest}:`), true, 'it was settled by its transaction');
    const found = new Map(judged.findings.map((finding) => [finding.nodeId, finding.found]));
    t.strictSame(
      [honest, other, liar].map(({ smallId }) => found.get(smallId)),
      ['agrees', 'agrees', 'leaf_differs'],
    );
    t.strictSame(
      stage.chain.slashes().map(({ smallId, reason }) => ({ smallId, reason })),
      [{ smallId: liar.smallId, reason: 'dispute' }],
    );
    t.equal(stage.chain.collateral(liar.smallId), 0n);
    t.strictSame(oracle.parrot.jobs, [`oracle:${ticketId}`], 'the oracle ran the prompt once');
    for (const member of [honest, other, liar]) {
      const own = await until('it knows whether it was right', () => member.dispute(ticketId)?.own);
      t.equal(own, member === liar ? 'wrong' : 'right');
      t.match(member.ticket(ticketId)?.history.at(-1), {
        state: 'settled',
        reason: `settled by the oracle, node ${oracle.smallId}`,
      });
    }
    t.strictSame(honest.side.journal.disputes.counts(), { byState: { settled: 1 }, right: 1, wrong: 0 });
    t.strictSame(liar.side.journal.disputes.counts(), { byState: { settled: 1 }, right: 0, wrong: 1 });
  },
);

t.test(
  'an oracle that stops between its verdict and sending it sends the same one when it is back',
  async (t) => {
    const stage = await SettlementStage.set(t, { settlementTimeoutMs: 60_000n });
    await stage.join();
    const liar = await stage.join({ alterAnswer: lie });
    const oracle = await stage.join({ oracle: true });
    const { ticketId } = await stage.send({ nodesToSample: 2n });
    const judged = await until('the oracle has judged, and waits for the timeout', () => {
      const dispute = oracle.dispute(ticketId);
      return dispute?.note === 'the ticket has not timed out yet' ? dispute : undefined;
    });
    t.match(judged, { state: 'judged', verdict: { ticketId } });
    await oracle.stop();
    // A model that has forgotten how to answer: were the prompt run again, there would be no verdict.
    const again = await stage.join({ oracle: true, mute: true, dir: oracle.dir }, oracle.operator);
    stage.chain.advance(60_000);
    await liar.reaches(ticketId, 'settled');
    t.strictSame(again.parrot.jobs, [], 'the prompt is not run again');
    t.strictSame(again.dispute(ticketId)?.verdict, judged.verdict);
    t.match(stage.chain.slashes(), [{ smallId: liar.smallId, reason: 'dispute' }]);
  },
);

t.test('nodes that were silent to the end are judged too', async (t) => {
  const stage = await SettlementStage.set(t);
  const honest = await stage.join();
  const silent = await stage.join({ mute: true });
  const oracle = await stage.join({ oracle: true });
  const { ticketId } = await stage.send({ nodesToSample: 2n });
  // Nobody is left to be sampled: the dispute is over the timeout.
  await honest.reaches(ticketId, 'settled');
  t.match(oracle.dispute(ticketId), {
    cause: `its nodes were silent in 1 rounds of ${TIMEOUT_MS} ms`,
    oracleNodeId: oracle.smallId,
  });
  t.match(
    oracle.dispute(ticketId)?.findings.find(({ nodeId }) => nodeId === silent.smallId),
    { found: 'silent' },
  );
  t.equal(await until('the honest node knows', () => honest.dispute(ticketId)?.own), 'right');
  t.ok((stage.chain.feeEarned(ticketId, honest.smallId) ?? 0n) > 0n, 'who was there is paid');
  t.match(stage.chain.slashes(), [{ smallId: silent.smallId, reason: 'timeout' }]);
});

t.test('an oracle of another echelon is refused, leaves the dispute, and says so', async (t) => {
  const stage = await SettlementStage.set(t, { settlementTimeoutMs: 60_000n });
  const { chain } = stage;
  await stage.join();
  await stage.join({ alterAnswer: lie });
  chain.addEchelon({ model: chain.model, echelon: 1n });
  const stranger = await stage.join({ oracle: true }, chain.addNode({ oracle: true, echelon: 1n }));
  const left = async (ticketId: string) =>
    await until('it is left', () => {
      const dispute = stranger.dispute(ticketId);
      return dispute?.state === 'left' ? dispute : undefined;
    });
  const first = await stage.send({ nodesToSample: 2n });
  t.match((await left(first.ticketId)).note, /abort 312012205 .*the node is not an oracle of this echelon/);
  const second = await stage.send({ nodesToSample: 2n });
  t.match((await left(second.ticketId)).note, "this node is no oracle of the ticket's echelon");
  t.strictSame(stranger.parrot.jobs, [`oracle:${first.ticketId}`], 'no second prompt is run in vain');
});

t.test('an oracle without the model leaves the dispute to others, and says so', async (t) => {
  const stage = await SettlementStage.set(t);
  const [honest, liar] = [await stage.join(), await stage.join({ alterAnswer: lie })];
  const poor = await stage.join({ oracle: true, modelless: true });
  const able = await stage.join({ oracle: true });
  const { ticketId } = await stage.send({ nodesToSample: 2n });
  await honest.reaches(ticketId, 'settled');
  const ended = await until('it has read how it ended', () => {
    const dispute = poor.dispute(ticketId);
    return dispute?.state === 'settled' ? dispute : undefined;
  });
  t.match(ended, { oracleNodeId: able.smallId, verdict: undefined, note: /atoma-tiny/ });
  t.match(stage.chain.slashes(), [{ smallId: liar.smallId }]);
});

t.test('a prompt for an image is skipped, and the journal says why', async (t) => {
  const stage = await SettlementStage.set(t);
  const { chain } = stage;
  chain.addModel('painter', 1n);
  const member = await stage.join({}, chain.addNode({ model: 'painter' }));
  const { ticketId } = await stage.user.sendImagePrompt({ model: 'painter', prompt: 'a horse' }, 1n);
  const ticket = await member.reaches(ticketId, 'skipped');
  t.match(ticket.history.at(-1), { reason: 'text2image prompts cannot be run by this node' });
});
