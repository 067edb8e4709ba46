import { pino } from 'pino';
import t from 'tap';
import { GasGate } from '#src/node/gas-gate.js';

const never = new AbortController().signal;

/** A wallet, and a gate that watches it. */
async function setUp(runwayTickets: number) {
  const wallet = { runwayTickets };
  const gas = () => ({ balance: 1n, perCommitment: 1n, runwayTickets: wallet.runwayTickets });
  const log: string[] = [];
  const chain = {
    status: () => ({
      endpoint: 'http://chain',
      chainId: 'chain',
      address: '0xwallet',
      following: true,
      checkpoint: undefined,
      gas: gas(),
    }),
    refreshGas: async () => gas(),
  };
  const logger = pino({ level: 'info' }, { write: (line) => void log.push(JSON.parse(line).msg) });
  const gate = new GasGate({ chain, logger });
  const stop = new AbortController();
  const watching = gate.watch(stop.signal);
  const end = async (): Promise<void> => {
    stop.abort();
    await watching;
  };
  return { wallet, gate, log, end };
}

/** Lets what is settled go on. */
const turns = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

t.test('a backlog that is longer than the runway waits without an alarm, in its order', async (t) => {
  const { wallet, gate, log, end } = await setUp(1000);
  const inside: number[] = [];
  const leaves: (() => void)[] = [];
  for (let index = 0; index < 2000; index++) {
    void gate.enter(false, never).then((leave) => {
      inside.push(index);
      leaves.push(leave);
    });
  }
  await turns();
  t.equal(inside.length, 995, 'as many as can be paid for, and a margin');
  t.equal(gate.reason, undefined);

  // Commitments turn out to cost half of what was reckoned with.
  while (leaves.length > 0 && inside.length < 1500) {
    wallet.runwayTickets -= 0.5;
    leaves.shift()?.();
    await turns();
  }
  t.strictSame(
    inside,
    inside.map((_, index) => index),
  );
  t.equal(inside.length, 1500, 'more are let in as the reckoning gets better');
  t.strictSame(log, []);
  await end();
});

t.test('an empty wallet lets in only what is bound, and what gives up', async (t) => {
  const { wallet, gate, log, end } = await setUp(5);
  await turns();
  t.match(gate.reason, 'the wallet 0xwallet has gas for 5 more commitments only');
  const gone = new AbortController();
  const entered: string[] = [];
  void gate.enter(false, never).then(() => entered.push('new'));
  void gate.enter(false, gone.signal).then(() => entered.push('gone'));
  (await gate.enter(true, never))();
  await turns();
  t.strictSame(entered, []);
  gone.abort();
  await turns();
  t.strictSame(entered, ['gone']);

  const paid = gate.refused('0xticket');
  wallet.runwayTickets = 100;
  (await gate.enter(true, never))();
  await turns();
  t.match(gate.reason, 'could not pay for 1 that are due');
  t.ok(gate.isUnpaid('0xticket'));
  await gate.payable(never);
  paid();
  await turns();
  t.strictSame(entered, ['gone', 'new']);
  t.equal(gate.reason, undefined);
  t.equal(log.length, 2, 'one line down, one up');
  await end();
});
