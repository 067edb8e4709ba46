import t from 'tap';
import { BUSY_MACHINE_TIMEOUT_MS, Quorum } from './quorum.js';

const TICKETS = 200;

t.setTimeout(BUSY_MACHINE_TIMEOUT_MS);
t.test(
  'five nodes with different pools and loads agree on every ticket',
  { timeout: BUSY_MACHINE_TIMEOUT_MS },
  async (t) => {
    const quorum = await Quorum.start(t);
    const { chain } = quorum.network;
    t.equal((await quorum.profiles()).size, 1, 'for what they compute with is the same');
    const endTraffic = quorum.traffic();
    const tickets = await quorum.send(TICKETS);
    for (const ticketId of tickets) await quorum.network.settled(ticketId);
    t.ok((await endTraffic()) > 0, 'requests were answered beside the tickets');

    const commitments = chain.commitments();
    t.equal(
      commitments.length,
      TICKETS * quorum.operators.length,
      'each node committed to each ticket, once',
    );
    t.ok(
      commitments.every(({ succeeded }) => succeeded),
      'and was heard',
    );
    for (const { smallId } of quorum.operators) {
      t.ok(
        tickets.every((ticketId) => (chain.feeEarned(ticketId, smallId) ?? 0n) > 0n),
        `node ${smallId} was paid for each`,
      );
    }
    t.ok(
      new Set(commitments.map(({ root }) => root)).size > TICKETS / 2,
      'the answers differ from each other',
    );
  },
);
