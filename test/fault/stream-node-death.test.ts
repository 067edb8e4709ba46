import t from 'tap';
import { call, LIMA, LONG, PERU, ready, Stage } from './stage.js';
import { StreamReader } from './stream-reader.js';

const MAX_TOKENS = 1500;

t.test('ticket streams over the death of the node', async (t) => {
  const stage = await Stage.set(t);
  const first = stage.node();
  const rpc = await stage.client(await ready(first));
  const answered = await stage.send({ prompt: PERU });
  await stage.settled(answered);
  const running = await stage.send({ ...LONG, maxTokens: BigInt(MAX_TOKENS) });
  const before = await StreamReader.open(rpc, 'atoma_subscribe', { ticket_id: running });
  await before.has(30);
  await first.kill();
  t.match(await before.done(), { error: { message: /closed the connection/ } }, 'the client knows');
  const from_index = before.tokens.length;
  t.ok(from_index < MAX_TOKENS);

  const back = await stage.chain.goOffline();
  const second = stage.node();
  const early = await second.listening;
  t.match(
    await call(String(early), 'atoma_getTicket', { ticket_id: answered }),
    { error: { data: { code: 'not_ready' } } },
    'a node that has not opened its journal does not deny the ticket',
  );
  await back();
  const url = await ready(second);
  const again = await stage.client(url);
  const after = await StreamReader.open(again, 'atoma_subscribe', { ticket_id: running, from_index });
  const last = await after.done();
  t.match(last, { completion: { ticket_id: running, output_tokens: MAX_TOKENS } });
  t.equal(after.restarts, 1);
  t.equal(after.tokens.length, MAX_TOKENS);
  t.equal(after.text, last.completion?.text);
  t.ok(after.text.startsWith(before.text), 'greedy as it is, it says the same');
  await stage.settled(running);
  t.equal(stage.commitments(running), 1);

  for (const [index, restarts] of [
    [0, 0],
    [3, 1],
  ] as const) {
    const params = { ticket_id: answered, from_index: index };
    const replayed = await StreamReader.open(again, 'atoma_subscribe', params);
    t.match(await replayed.done(), { completion: { text: LIMA } });
    t.equal(replayed.text, LIMA, 'from the journal');
    t.equal(replayed.restarts, restarts, `from index ${index}`);
  }
  t.equal(await second.stop(), '0');
});
