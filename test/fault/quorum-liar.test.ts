import { fileURLToPath } from 'node:url';
import t from 'tap';
import { until } from './network.js';
import { BUSY_MACHINE_TIMEOUT_MS, Quorum } from './quorum.js';

const LYING_MAIN = fileURLToPath(new URL('./lying-main.js', import.meta.url));
const TICKETS = 30;

t.setTimeout(BUSY_MACHINE_TIMEOUT_MS);
t.test(
  'one of five nodes alters its answers: an oracle settles each, and exactly that node pays',
  { timeout: BUSY_MACHINE_TIMEOUT_MS },
  async (t) => {
    const quorum = await Quorum.start(t, { main: LYING_MAIN });
    const { chain } = quorum.network;
    const oracle = await quorum.oracle();
    const honest = quorum.operators.slice(0, -1).map(({ smallId }) => smallId);
    const liar = quorum.operators.at(-1)?.smallId ?? 0n;
    const collateral = chain.collateral(liar);

    // All are answered before the first is decided: a node without collateral is sampled no more.
    const tickets = await quorum.send(TICKETS);
    await until('all nodes have committed', () =>
      tickets.every((id) => chain.ticket(id)?.nodes.every(({ committed }) => committed)),
    );
    t.ok(
      tickets.every((id) => chain.ticket(id)?.dispute === 'difference'),
      'every ticket is disputed',
    );
    t.strictSame(chain.settlements(), [], 'and none is decided before it has timed out');

    chain.advance(Quorum.pastTimeoutMs);
    await until('the oracle has decided', () => chain.settlements().length === TICKETS);
    for (const { ticketId, oracle: judge, paid } of chain.settlements()) {
      t.equal(judge, oracle.smallId, `the oracle settled ${ticketId}`);
      t.strictSame(new Set(paid.map(({ smallId }) => smallId)), new Set(honest), 'for the four that agree');
      t.ok(
        paid.every(({ amount }) => amount > 0n),
        'who are paid',
      );
    }
    t.equal(chain.slashed(liar), collateral, 'the liar lost all of its collateral');
    t.equal(chain.collateral(liar), 0n, 'and has none left');
    for (const smallId of [...honest, oracle.smallId]) {
      t.equal(chain.collateral(smallId), collateral, `node ${smallId} kept its own`);
    }
    t.ok(
      chain.slashes().every(({ smallId, reason }) => smallId === liar && reason === 'dispute'),
      'nobody else was slashed',
    );

    const { ticketId, nodes } = await quorum.network.send({ nodesToSample: BigInt(honest.length) });
    t.strictSame(new Set(nodes), new Set(honest), 'the liar is sampled no more');
    await quorum.network.settled(ticketId);
  },
);
