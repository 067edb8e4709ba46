import t from 'tap';
import { AtomaError } from '#src/core/index.js';
import { textHash } from '../fixtures/text-hash.js';
import { SocketClient, startServer } from './rpc-clients.js';
import { completion, ticket } from './rpc-fake-node.js';
import { FakeStream } from './rpc-fake-stream.js';

const note = (subscription: unknown, result: object) => ({
  jsonrpc: '2.0',
  method: 'atoma_subscription',
  params: { subscription, result },
});

t.test('the same JSON-RPC as over HTTP, many calls at once', async (t) => {
  const { server, node } = await startServer(t);
  const client = await SocketClient.connect(server.url);
  client.call('slow', 'atoma_generate', ['x']);
  const run = await node.nextRun();
  t.match(await client.result('fast', 'atoma_nodeInfo'), { version: '1.2.3' });
  run.finish(completion('done', [1]));
  t.match(await client.next(), { id: 'slow', result: { text: 'done' } });
  client.socket.send('{"jsonrpc"');
  t.match(await client.next(), { id: null, error: { code: -32700 } });
  client.socket.send(Buffer.from([0xff]), { binary: true });
  t.match(await client.next(), { id: null, error: { code: -32700 } });
  client.send([]);
  t.match(await client.next(), { id: null, error: { code: -32600 } });
  client.send([
    { jsonrpc: '2.0', method: 'atoma_nodeInfo' },
    { jsonrpc: '2.0', id: 1, method: 'nope' },
  ]);
  t.match(await client.next(), [{ id: 1, error: { code: -32601 } }]);
});

t.test('a streamed generation: answer first, then frames, then the end with everything', async (t) => {
  const { server, node } = await startServer(t);
  const client = await SocketClient.connect(server.url);
  client.call(1, 'atoma_generate', { prompt: 'x', stream: true, request_id: 'r1', random_seed: 5 });
  const run = await node.nextRun();
  run.stream.push('a "quoted"\n', [10, 11]);
  t.match(await client.next(), { id: 1, result: { request_id: 'r1', subscription: '1' } });
  run.stream.push('é', [12]);
  run.stream.push('', [13]);
  // The last token left a character unfinished: its text comes with the end.
  run.stream.push('\ufffd', []);
  const text = 'a "quoted"\né\ufffd';
  run.finish(completion(text, [10, 11, 12, 13]));
  t.same(
    await client.next(),
    note('1', { index: 0, text: 'a "quoted"\n', tokens: [10, 11], hash: textHash('a "quoted"\n') }),
  );
  t.same(
    await client.next(),
    note('1', { index: 2, text: 'é', tokens: [12], hash: textHash('a "quoted"\né') }),
  );
  t.same(
    await client.next(),
    note('1', { index: 3, text: '', tokens: [13], hash: textHash('a "quoted"\né') }),
  );
  t.same(
    await client.next(),
    note('1', {
      index: 4,
      text: '\ufffd',
      tokens: [],
      hash: textHash(text),
      done: true,
      completion: {
        request_id: 'r1',
        model: 'tiny',
        text,
        tokens: [10, 11, 12, 13],
        input_tokens: 3,
        output_tokens: 4,
        finish_reason: 'stop',
        profile: 'p',
        random_seed: '5',
        reproducible: false,
        timings: { queued_ms: 7, prefill_ms: 2, decode_ms: 1, tokens_per_second: 3000 },
      },
    }),
  );
  t.equal(await client.result(2, 'atoma_unsubscribe', ['1']), false, 'the subscription is over');
});

t.test('a stream that fails ends with the error', async (t) => {
  const { server, node } = await startServer(t);
  const client = await SocketClient.connect(server.url);
  await client.result(1, 'atoma_generate', { prompt: 'x', stream: true });
  const run = await node.nextRun();
  run.stream.push('a', [1]);
  await client.next();
  run.fail(new AtomaError('device_died', 'The device cpu died.', { fields: { exitCode: 134 } }));
  t.same(
    await client.next(),
    note('1', {
      index: 1,
      text: '',
      tokens: [],
      hash: textHash('a'),
      done: true,
      error: { code: -32022, message: 'The device cpu died.', data: { code: 'device_died', exit_code: 134 } },
    }),
  );
});

t.test(
  'a device that dies under a stream: the client is told, and reads all again from index 0',
  async (t) => {
    const { server, node } = await startServer(t);
    const owner = await SocketClient.connect(server.url);
    const restarted = { index: 0, text: '', tokens: [], hash: textHash(''), restarted: true };
    await owner.result(1, 'atoma_generate', { prompt: 'x', stream: true, request_id: 'r' });
    const run = await node.nextRun();
    run.stream.push('a', [1]);
    run.stream.push('b', [2]);
    const reader = await SocketClient.connect(server.url);
    await reader.result(1, 'atoma_subscribe', { request_id: 'r', from_index: 1 });
    t.same(await reader.next(), note('1', { index: 1, text: 'b', tokens: [2], hash: textHash('ab') }));
    run.stream.restart();
    run.stream.push('ä', [3]);
    t.same(await reader.next(), note('1', restarted));
    t.same(await reader.next(), note('1', { index: 0, text: 'ä', tokens: [3], hash: textHash('ä') }));
    for (const frame of [
      { index: 0, text: 'a', tokens: [1], hash: textHash('a') },
      { index: 1, text: 'b', tokens: [2], hash: textHash('ab') },
      restarted,
      { index: 0, text: 'ä', tokens: [3], hash: textHash('ä') },
    ]) {
      t.same(await owner.next(), note('1', frame));
    }
    run.stream.restart();
    t.same(await reader.next(), note('1', restarted));
    t.same(await owner.next(), note('1', restarted));
    run.fail(new AtomaError('job_killed_worker', 'The job ended its worker twice.'));
    t.match(await owner.next(), note('1', { index: 0, done: true, error: { code: -32024 } }));
  },
);

t.test('a restart before the answer to the call keeps its place in the order', async (t) => {
  const { server, node } = await startServer(t);
  const client = await SocketClient.connect(server.url);
  node.generate = async ({ requestId }, { onTokens, onRestart }) => {
    onTokens?.({ index: 0, text: 'a', tokens: [1], hash: textHash('a') });
    onTokens?.({ index: 1, text: 'c', tokens: [3], hash: textHash('ac') });
    onRestart?.();
    onTokens?.({ index: 0, text: 'b', tokens: [2], hash: textHash('b') });
    return { requestId, completion: completion('b', [2]), reproducible: false, queuedMs: 0 };
  };
  await client.result(1, 'atoma_generate', { prompt: 'x', stream: true });
  t.match(await client.next(), note('1', { index: 0, restarted: true }), 'what no longer counts is not sent');
  t.match(await client.next(), note('1', { index: 0, text: 'b' }));
  t.match(
    await client.next(),
    note('1', { index: 1, hash: textHash('b'), done: true, completion: { text: 'b' } }),
  );
});

t.test('a request can be read by others, from any index; the id comes before the replay', async (t) => {
  const { server, node } = await startServer(t);
  const owner = await SocketClient.connect(server.url);
  await owner.result(1, 'atoma_generate', { prompt: 'x', stream: true, request_id: 'shared' });
  const run = await node.nextRun();
  run.stream.push('a', [1]);
  run.stream.push('b', [2]);
  const reader = await SocketClient.connect(server.url);
  t.equal(await reader.result(1, 'atoma_subscribe', { request_id: 'shared', from_index: 1 }), '1');
  t.same(await reader.next(), note('1', { index: 1, text: 'b', tokens: [2], hash: textHash('ab') }));
  t.equal(await reader.result(2, 'atoma_subscribe', { request_id: 'shared' }), '2');
  t.match(await reader.next(), note('2', { index: 0 }));
  t.match(await reader.next(), note('2', { index: 1 }));
  t.equal(await reader.result(3, 'atoma_unsubscribe', ['1']), true);
  run.finish(completion('ab', [1, 2]));
  t.match(await reader.next(), note('2', { index: 2, done: true, completion: { request_id: 'shared' } }));
  t.match(await reader.result(4, 'atoma_subscribe', { request_id: 'shared', from_index: 2 }), '3');
  t.match(await reader.next(), note('3', { done: true, text: '', hash: textHash('ab') }));
  reader.call(5, 'atoma_subscribe', { request_id: 'unknown' });
  t.match(await reader.next(), { id: 5, error: { data: { code: 'not_found' } } });
  reader.call(6, 'atoma_subscribe', {});
  t.match(await reader.next(), { id: 6, error: { code: -32602, message: /either ticket_id or request_id/ } });
});

t.test('a ticket can be read before the node has seen it, and its end tells what it was', async (t) => {
  const { server, node } = await startServer(t);
  const client = await SocketClient.connect(server.url);
  await client.result(1, 'atoma_subscribe', { ticket_id: '0xaa' });
  node.tickets.push(ticket('0xaa', 'running'));
  const stream = node.streams.get('ticket:0xaa') ?? new FakeStream();
  stream.push('a', [1]);
  const commitment = { root: 'ab', leaf: 'cd', leafIndex: 2n, chunksCount: 3n };
  stream.finish({ ok: true, completion: completion('a', [1]), commitment });
  t.match(await client.next(), note('1', { index: 0, text: 'a' }));
  t.match(
    await client.next(),
    note('1', {
      done: true,
      ...{ hash: textHash('a'), root: 'ab', leaf: 'cd', leaf_index: '2', chunks_count: '3' },
      completion: { ticket_id: '0xaa', model: 'tiny', random_seed: '9007199254740993', output_tokens: 1 },
    }),
  );
});

t.test('in a batch, the answers come before the first notification', async (t) => {
  const { server, node } = await startServer(t);
  const client = await SocketClient.connect(server.url);
  client.send([
    { jsonrpc: '2.0', id: 1, method: 'atoma_generate', params: { prompt: 'x', stream: true } },
    { jsonrpc: '2.0', id: 2, method: 'atoma_generate', params: { prompt: 'y' } },
  ]);
  const streamed = await node.nextRun();
  const plain = await node.nextRun();
  streamed.stream.push('a', [1]);
  streamed.finish(completion('a', [1]));
  plain.finish(completion('b', [2]));
  t.match(await client.next(), [
    { id: 1, result: { subscription: '1' } },
    { id: 2, result: { text: 'b' } },
  ]);
  t.match(await client.next(), note('1', { index: 0, text: 'a' }));
  t.match(await client.next(), note('1', { done: true }));
});
