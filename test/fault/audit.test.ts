import { readFile, writeFile } from 'node:fs/promises';
import t from 'tap';
import { z } from 'zod';
import { runCli } from '../e2e/cli.js';
import { Network, type Seat } from './network.js';

const Line = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('ticket'),
    ticket_id: z.string(),
    verdict: z.string(),
    why: z.string(),
    event_id: z.string(),
    checkpoint: z.string(),
    digest: z.string().nullable(),
  }),
  z.object({ type: z.literal('summary'), tickets: z.number(), missed: z.number() }).loose(),
]);
type TicketLine = Extract<z.infer<typeof Line>, { type: 'ticket' }>;

function argsOf({ files }: Seat): string[] {
  return [
    ...['--model-config-path', files.modelConfigPath],
    ...['--sui-subscriber-path', files.suiSubscriberPath],
    ...['--atoma-sui-client-config-path', files.atomaSuiClientConfigPath],
  ];
}

async function audit(seat: Seat, ...args: readonly string[]) {
  const { code, stdout, stderr } = await runCli(['audit', ...args, '--json', ...argsOf(seat)]);
  const lines = stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => Line.parse(JSON.parse(line)));
  const tickets = lines.filter((line): line is TicketLine => line.type === 'ticket');
  return { code, stderr, tickets, summary: lines.at(-1) };
}

const verdicts = (tickets: readonly TicketLine[]) =>
  Object.fromEntries(tickets.map(({ ticket_id, verdict }) => [ticket_id, verdict]));

t.test('every ticket of the node is accounted for', async (t) => {
  const network = await Network.start(t);
  const { chain } = network;
  const seat = await network.seat(chain.addNode());

  // Sent before the node's journal begins: nobody will ever run it.
  const missed = await network.send();
  const serving = await seat.serve();
  const committed = await network.send();
  const skipped = await network.send({ temperature: Number.NaN });
  const last = await network.send();
  await network.settled(committed.ticketId, last.ticketId);
  await serving.settledInJournal(committed.ticketId, last.ticketId);

  const beside = await audit(seat, '--from', '0');
  t.equal(beside.code, 1, 'one was missed');
  t.strictSame(
    beside.tickets.map(({ ticket_id, verdict }) => [ticket_id, verdict]),
    [
      [missed.ticketId, 'missed'],
      [committed.ticketId, 'committed'],
      [skipped.ticketId, 'skipped'],
      [last.ticketId, 'committed'],
    ],
    'in the order of the chain',
  );
  const [lost, done, unfit] = beside.tickets;
  t.match(lost, { why: /not in the journal, .*made before the journal/, digest: null });
  t.match(done, { why: /^settled, \d+\.\d s before its deadline$/, event_id: `${committed.digest}:0` });
  t.ok(chain.commitments().some(({ digest }) => digest === done?.digest));
  t.match(unfit, { why: /temperature/, digest: null });
  t.match(beside.summary, {
    type: 'summary',
    tickets: 4,
    committed: 2,
    late: 0,
    missed: 1,
    skipped: 1,
    pending: 0,
  });
  t.equal(await serving.node.stop(), '0');

  const pending = await network.send();
  const after = String(BigInt(lost?.checkpoint ?? '') + 1n);
  const without = await audit(seat, '--from', after);
  t.equal(without.code, 0, 'nothing was missed after that');
  t.match(without.tickets.at(-1), { verdict: 'pending', why: 'the node has not read its event yet' });
  t.equal(without.tickets.length, 4);
  const bounded = await audit(seat, '--from', '0', '--to', lost?.checkpoint ?? '');
  t.equal(bounded.code, 1);
  t.strictSame(verdicts(bounded.tickets), { [missed.ticketId]: 'missed' });

  // With a timeout of 1 ms everything is late, and what is not done is missed.
  const path = seat.files.atomaSuiClientConfigPath;
  await writeFile(path, `settlement_timeout_ms = 1\n${await readFile(path, 'utf8')}`);
  t.match((await audit(seat, '--from', after)).tickets.at(-1), {
    verdict: 'missed',
    why: /has not read its event, and its deadline has passed/,
  });
  const again = await seat.serve();
  await network.settled(pending.ticketId);
  await again.settledInJournal(pending.ticketId);
  const late = await audit(seat, '--from', after);
  t.equal(late.code, 0);
  t.match(late.tickets.at(-1), {
    ticket_id: pending.ticketId,
    verdict: 'late',
    why: /^settled, \d+\.\d s too late$/,
  });
  t.equal(await again.node.stop(), '0');

  const text = await runCli(['audit', '--from', after, ...argsOf(seat)]);
  t.equal(text.code, 0);
  t.match(text.stdout, new RegExp(`^late +${pending.ticketId}  settled, \\d+\\.\\d s too late$`, 'm'));
  t.match(text.stdout, /^4 tickets: 2 committed, 1 late, 0 missed, 1 skipped, 0 pending$/m);

  chain.prune();
  t.match(await audit(seat, '--from', '0'), {
    code: 1,
    stderr: /keeps them from checkpoint \d+ on only; ask from there on/,
  });
});
