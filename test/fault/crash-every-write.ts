import type { Test } from 'tap';
import type { CrashPoint } from './crash-point.js';
import { CrashingNode } from './crashing-node.js';
import { ANSWER, type Network, network } from './question.js';

/**
 * A start costs about two seconds of processor time, and a run of these tests has eight: beside a compiler and
 * other tests that can take minutes.
 */
export const BUSY_MACHINE_TIMEOUT_MS = 300_000;
/** What a ticket's life writes at least: entered, running, answered, signed, committed, settled. */
const WRITES_OF_A_LIFE = 6;

/** Kills a node at its first write for a ticket, the next one at its second, until a ticket has no such write. */
export async function crashAtEveryWrite(t: Test, phase: CrashPoint['phase']): Promise<void> {
  const net = await network(t);
  const { chain, files, ask, settlement } = net;
  const tickets: string[] = [];
  const crashedIn = new Set<string | undefined>();
  for (let write = 1; ; write++) {
    // Each life first finishes what the one before left, then crashes with a ticket of its own.
    const node = new CrashingNode(t, files, { from: 'ticket', write, phase, act: 'die' });
    t.ok(await node.ready, 'it starts on what a crash has left');
    await settled(net, tickets.slice(-1));
    await node.arm();
    const id = await ask();
    tickets.push(id);
    await Promise.race([node.ended, settlement(id)]);
    if ((await node.stop()) !== 'SIGKILL') break;
    crashedIn.add(await node.reached);
  }
  t.ok(tickets.length > WRITES_OF_A_LIFE, `${tickets.length - 1} crashes`);
  for (const state of ['received', 'running', 'answered', 'committing', 'settled']) {
    t.ok(crashedIn.has(state), `crashed with the ticket ${state}`);
  }
  await settled(net, tickets);
  const commitments = chain.commitments();
  t.strictSame(commitments.map(({ ticketId }) => ticketId).sort(), tickets.toSorted(), 'one commitment each');
  t.ok(commitments.every(({ succeeded }) => succeeded));
  t.equal(new Set(commitments.map(({ root }) => root)).size, 1, 'crashed or not, they have one root');
  for (const id of tickets) {
    const answer = { text: ANSWER, root: commitments[0]?.root };
    t.match(await net.ticket(id, () => true), { state: 'settled', answer });
  }
}

/** On the chain, and in the node's journal. */
async function settled(net: Network, tickets: readonly string[]): Promise<void> {
  for (const id of tickets) {
    await net.settlement(id);
    await net.ticket(id, ({ state }) => state === 'settled');
  }
}
