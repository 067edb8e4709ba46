import t from 'tap';
import { call, LIMA, LONG, LONG_REQUEST, notReady, PERU, ready, Stage, until } from './stage.js';
import { StreamReader } from './stream-reader.js';

/** Some seconds of work. */
const MAX_TOKENS = 1500;
/** More than anybody waits for here. */
const ENDLESS_TOKENS = 15_000;

t.test('asked to stop, a node ends what it can in the grace and hands back the rest', async (t) => {
  // One sequence is held back for tickets, two are open to requests.
  const stage = await Stage.set(t, 3);
  const queued: string[] = [];

  await t.test('with time enough, what runs is finished', async (t) => {
    const node = stage.node({ args: ['--grace', '60'] });
    const url = await ready(node);
    const rpc = await stage.client(url);
    const ticket = await stage.send({ ...LONG, maxTokens: BigInt(MAX_TOKENS) });
    const tickets = await StreamReader.open(rpc, 'atoma_subscribe', { ticket_id: ticket });
    await tickets.has(1);
    const request = { ...LONG_REQUEST, max_tokens: MAX_TOKENS };
    const answered = call(url, 'atoma_generate', request);
    const stream = await StreamReader.open(rpc, 'atoma_generate', { ...request, stream: true });
    await stream.has(1);
    queued.push(await stage.send({ prompt: PERU }), await stage.send({ prompt: PERU }));
    const waiting = await StreamReader.open(rpc, 'atoma_subscribe', { ticket_id: queued[0] });
    const inQueue = /"waiting":2/;
    await until(async () => inQueue.test(JSON.stringify(await call(url, 'atoma_nodeInfo'))) || undefined);

    node.child.kill('SIGTERM');
    t.match(await waiting.done(), { error: { data: { code: 'cancelled' } } }, 'handed back at once');
    t.match(await notReady(url), /the node is stopping/);
    t.match(await call(url, 'atoma_generate', { prompt: PERU }), {
      error: { message: /the node is stopping/, data: { code: 'not_ready' } },
    });
    t.ok(tickets.tokens.length < MAX_TOKENS, 'while the ticket still runs');
    t.match(await tickets.done(), { completion: { finish_reason: 'length', output_tokens: MAX_TOKENS } });
    t.match(await stream.done(), { completion: { finish_reason: 'length', output_tokens: MAX_TOKENS } });
    t.match(await answered, { result: { output_tokens: MAX_TOKENS } });
    t.equal(await node.ended, '0');
    await node.closed;

    t.match(stage.ticket(ticket).state, /^(committed|settled)$/);
    await stage.settled(ticket);
    for (const id of queued) {
      t.equal(stage.ticket(id).state, 'received');
      t.equal(stage.commitments(id), 0);
    }
  });

  await t.test('without, it is handed back, and clients hear so; the next node settles it', async (t) => {
    const node = stage.node({ args: ['--grace', '0.2'] });
    const url = await ready(node);
    for (const id of queued) await stage.settled(id);
    const rpc = await stage.client(url);
    const ticket = await stage.send({ ...LONG, maxTokens: BigInt(MAX_TOKENS) });
    const tickets = await StreamReader.open(rpc, 'atoma_subscribe', { ticket_id: ticket });
    const request = { ...LONG_REQUEST, max_tokens: ENDLESS_TOKENS };
    const overHttp = call(url, 'atoma_generate', request);
    const stream = await StreamReader.open(rpc, 'atoma_generate', { ...request, stream: true });
    await Promise.all([tickets.has(1), stream.has(1)]);

    node.child.kill('SIGINT');
    t.match(await stream.done(), { error: { message: /stopping/, data: { code: 'cancelled' } } });
    t.match(await overHttp, { error: { message: /stopping/, data: { code: 'cancelled' } } });
    t.match(await tickets.done(), { error: { data: { code: 'cancelled' } } });
    t.equal(await node.ended, '0');
    await node.closed;
    const { state, history } = stage.ticket(ticket);
    t.equal(state, 'received');
    t.match(history.at(-1)?.reason, /^handed back: the node was stopped/);
    t.equal(stage.commitments(ticket), 0);

    const next = stage.node();
    await ready(next);
    await stage.settled(ticket);
    t.equal(stage.commitments(ticket), 1);
    t.equal(await next.stop(), '0');
    t.equal(stage.ticket(queued[0] ?? '').answer?.text, LIMA);
  });
});
