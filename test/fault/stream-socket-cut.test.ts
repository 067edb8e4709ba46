import t from 'tap';
import { z } from 'zod';
import { call, LONG, LONG_REQUEST, ready, Stage } from './stage.js';
import { StreamReader } from './stream-reader.js';

const MAX_TOKENS = 1500;
/** Far more than this test takes. */
const LINGER_MS = 60_000;
const STEP_TOKENS = 100;

const Answer = z.object({ text: z.string(), output_tokens: z.literal(MAX_TOKENS) });
const Queue = z.object({ queue: z.object({ running: z.number() }) });

t.test('a connection that is lost in mid-stream, again and again: each token comes once', async (t) => {
  const stage = await Stage.set(t, 3);
  const node = stage.node();
  const url = await ready(node);
  const request = { ...LONG_REQUEST, max_tokens: MAX_TOKENS };
  const { text } = Answer.parse((await call(url, 'atoma_generate', request)).result);

  const ticket = await stage.send({ ...LONG, maxTokens: BigInt(MAX_TOKENS) });
  const streams = [{ ticket_id: ticket }, { request_id: 'mine' }];
  const started = { ...request, request_id: 'mine', stream: true, linger_ms: LINGER_MS };
  const first = await stage.client(url);
  let readers = [
    await StreamReader.open(first, 'atoma_subscribe', { ticket_id: ticket }),
    await StreamReader.open(first, 'atoma_generate', started),
  ];
  // Who watches from elsewhere does not notice.
  const others = await Promise.all(
    streams.map(async (target) => StreamReader.open(await stage.client(url), 'atoma_subscribe', target)),
  );
  const texts = ['', ''];
  let connection = first;
  for (let round = 1; round <= 4; round++) {
    await Promise.all(readers.map((reader) => reader.has(round * STEP_TOKENS)));
    connection.close();
    const counts = await Promise.all(
      readers.map(async (reader, at) => {
        await reader.done();
        texts[at] += reader.text;
        return reader.tokens.length;
      }),
    );
    if (round === 1)
      t.ok(
        counts.every((count) => count < MAX_TOKENS),
        `in mid-stream: ${counts}`,
      );
    connection = await stage.client(url);
    readers = await Promise.all(
      streams.map((target, at) =>
        StreamReader.open(connection, 'atoma_subscribe', { ...target, from_index: counts[at] ?? 0 }),
      ),
    );
  }
  for (const [at, reader] of readers.entries()) {
    t.match(await reader.done(), { completion: { text, output_tokens: MAX_TOKENS } });
    t.equal(reader.restarts, 0);
    t.equal(reader.tokens.length, MAX_TOKENS);
    t.equal(`${texts[at]}${reader.text}`, text, 'the whole text, in pieces');
    await others[at]?.done();
    t.equal(others[at]?.text, text);
  }

  const gone = await stage.client(url);
  const unread = await StreamReader.open(gone, 'atoma_generate', {
    ...started,
    request_id: 'unread',
    linger_ms: 1,
  });
  await unread.has(1);
  gone.close();
  const late = await StreamReader.open(connection, 'atoma_subscribe', { request_id: 'mine', from_index: 1 });
  t.match(await late.done(), { completion: { text } }, 'kept after its end');
  let running = 1;
  while (running > 0) {
    running = Queue.parse((await call(url, 'atoma_nodeInfo')).result).queue.running;
  }
  const cancelled = await StreamReader.open(connection, 'atoma_subscribe', { request_id: 'unread' });
  t.match(await cancelled.done(), { error: { data: { code: 'cancelled' } } }, 'nobody read it');
  await stage.settled(ticket);
  t.equal(stage.commitments(ticket), 1);
  t.equal(await node.stop(), '0');
});
