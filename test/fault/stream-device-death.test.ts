import t from 'tap';
import { z } from 'zod';
import { call, LONG, LONG_REQUEST, ready, Stage } from './stage.js';
import { StreamReader } from './stream-reader.js';

const MAX_TOKENS = 600;
const Answer = z.object({ text: z.string(), output_tokens: z.literal(MAX_TOKENS) });

t.test(
  'a device process that dies under streams: each begins again, and ends as if nothing had been',
  { skip: process.platform !== 'linux' && 'needs /proc' },
  async (t) => {
    const stage = await Stage.set(t);
    const node = stage.node();
    const url = await ready(node);
    const request = { ...LONG_REQUEST, max_tokens: MAX_TOKENS };
    const { text } = Answer.parse((await call(url, 'atoma_generate', request)).result);

    const rpc = await stage.client(url);
    const ticket = await stage.send({ ...LONG, maxTokens: BigInt(MAX_TOKENS) });
    const ofTicket = await StreamReader.open(rpc, 'atoma_subscribe', { ticket_id: ticket });
    const started = { ...request, request_id: 'mine', stream: true };
    const ofRequest = await StreamReader.open(rpc, 'atoma_generate', started);
    const readers = [ofTicket, ofRequest];
    await Promise.all(readers.map((reader) => reader.has(20)));
    t.ok(readers.every((reader) => reader.tokens.length < MAX_TOKENS));
    const pids = await node.devicePids();
    t.equal(pids.length, 1);
    for (const pid of pids) process.kill(pid, 'SIGKILL');

    const ends = readers.map(async (reader) => {
      t.match(await reader.done(), { done: true, completion: { text, output_tokens: MAX_TOKENS } });
      t.equal(reader.restarts, 1);
      t.equal(reader.text, text);
      t.equal(reader.tokens.length, MAX_TOKENS);
    });
    await Promise.all(ends);
    // A client that lost its connection before the restart, and comes back with what it had.
    const late = await StreamReader.open(rpc, 'atoma_subscribe', { request_id: 'mine', from_index: 20 });
    t.match(await late.done(), { completion: { text } });
    t.equal(late.restarts, 1);
    t.equal(late.text, text);

    await stage.settled(ticket);
    t.equal(stage.commitments(ticket), 1);
    t.equal(await node.stop(), '0');
    t.equal(stage.ticket(ticket).answer?.text, text);
    t.match(node.log, /killed by SIGKILL/);
  },
);
