import t from 'tap';
import { AtomaError } from '#src/core/index.js';
import { call, post, startServer } from './rpc-clients.js';
import { completion, modelInfo, ticket, troubledInfo } from './rpc-fake-node.js';

t.test('atoma_generate runs with the contract’s defaults and answers the whole completion', async (t) => {
  const { server, node } = await startServer(t);
  const answer = call(server.url, 'atoma_generate', { prompt: 'Hello' });
  const run = await node.nextRun();
  const { randomSeed, ...params } = run.request.params;
  t.same(params, {
    model: 'tiny',
    prompt: 'Hello',
    prePromptTokens: [],
    prependOutputWithInput: false,
    maxTokens: 256n,
    repeatLastN: 64n,
    repeatPenalty: 1,
    shouldStreamOutput: false,
    temperature: 0,
    topK: 0n,
    topP: 1,
  });
  t.type(randomSeed, 'bigint');
  run.finish(completion(' world', [5, 6, 7]));
  t.same(await answer, {
    jsonrpc: '2.0',
    id: 1,
    result: {
      request_id: run.request.requestId,
      model: 'tiny',
      text: ' world',
      tokens: [5, 6, 7],
      input_tokens: 3,
      output_tokens: 3,
      finish_reason: 'stop',
      profile: 'p',
      random_seed: randomSeed.toString(),
      reproducible: false,
      timings: { queued_ms: 7, prefill_ms: 2, decode_ms: 1, tokens_per_second: 2000 },
    },
  });
});

t.test('u64 are taken as numbers and as decimal strings, and none is rounded', async (t) => {
  const { server, node } = await startServer(t);
  const answer = call(server.url, 'atoma_generate', {
    prompt: 'x',
    random_seed: '18446744073709551615',
    max_tokens: 3,
    top_k: '40',
    request_id: 'my.request:1_A-b',
    reproducible: true,
    pre_prompt_tokens: [4_294_967_295],
  });
  const run = await node.nextRun();
  t.match(run.request, {
    requestId: 'my.request:1_A-b',
    reproducible: true,
    params: {
      randomSeed: 18_446_744_073_709_551_615n,
      maxTokens: 3n,
      topK: 40n,
      prePromptTokens: [4_294_967_295],
    },
  });
  run.finish(completion('', []));
  t.match(await answer, {
    result: { random_seed: '18446744073709551615', timings: { tokens_per_second: 0 } },
  });
});

t.test('params without a meaning are refused by name', async (t) => {
  const { server } = await startServer(t);
  const cases: readonly [params: unknown, problem: RegExp][] = [
    [{}, /prompt is nothing/],
    [{ prompt: '' }, /prompt and pre_prompt_tokens are both empty/],
    [{ prompt: '\ud800' }, /surrogate/],
    [{ prompt: 'x', temperature: -1 }, /temperature is -1/],
    [{ prompt: 'x', temperature: null }, /temperature is null/],
    [{ prompt: 'x', top_p: 1.5 }, /top_p is 1.5/],
    [{ prompt: 'x', repeat_penalty: 0 }, /repeat_penalty is 0/],
    [{ prompt: 'x', max_tokens: -1 }, /max_tokens is -1: wanted an integer from 0/],
    [{ prompt: 'x', max_tokens: 1.5 }, /max_tokens is 1.5: wanted an integer/],
    [{ prompt: 'x', random_seed: '18446744073709551616' }, /random_seed is "18446744073709551616"/],
    [
      { prompt: 'x', random_seed: 18446744073709552000 },
      /random_seed is 18446744073709552000.*decimal string/,
    ],
    [{ prompt: 'x', pre_prompt_tokens: [1, 4_294_967_296] }, /pre_prompt_tokens\.1 is 4294967296/],
    [{ prompt: 'x', request_id: 'a b' }, /request_id is "a b": wanted 1 to 64/],
    [{ prompt: 'x', request_id: 'a'.repeat(65) }, /request_id/],
    [{ prompt: 'x', maxTokens: 1 }, /unknown param maxTokens/],
  ];
  for (const [params, problem] of cases) {
    const answer = await call(server.url, 'atoma_generate', params);
    t.match(answer, {
      error: { code: -32602, message: problem, data: { code: 'invalid_params', problems: Array } },
    });
  }
  const raw =
    '{"jsonrpc":"2.0","id":1,"method":"atoma_generate","params":{"prompt":"x","temperature":1e999}}';
  t.match(await (await post(server.url, raw)).json(), { error: { code: -32602, message: /temperature/ } });
});

t.test('the model may be left out where there is one, on however many devices', async (t) => {
  const { server, node } = await startServer(t);
  node.answer = ({ params }) => completion(params.model, [1]);
  node.models = [modelInfo('tiny'), { ...modelInfo('tiny'), device: '0' }];
  t.match(await call(server.url, 'atoma_generate', ['x']), { result: { text: 'tiny' } });
  node.models.push(modelInfo('large'));
  t.match(await call(server.url, 'atoma_generate', ['x']), {
    error: { code: -32602, message: /model is missing, wanted one of tiny, large/ },
  });
  t.match(await call(server.url, 'atoma_generate', ['x', 'large']), { result: { text: 'large' } });
  t.match(await call(server.url, 'atoma_generate', ['x', 'huge']), {
    error: { data: { code: 'unknown_model' } },
  });
  node.models = [];
  node.ready = false;
  t.match(await call(server.url, 'atoma_generate', ['x']), {
    error: { message: /tiny is loading/, data: { code: 'not_ready' } },
  });
});

t.test('an error of the node reaches the client with its fields', async (t) => {
  const { server, node } = await startServer(t);
  const answer = call(server.url, 'atoma_generate', ['x']);
  const run = await node.nextRun();
  run.fail(new AtomaError('busy', 'Busy, try again in 2 s.', { fields: { retryAfterMs: 2000 } }));
  t.match(await answer, {
    error: { code: -32010, message: 'Busy, try again in 2 s.', data: { code: 'busy', retry_after_ms: 2000 } },
  });
});

t.test('streams want a WebSocket, and HTTP says so', async (t) => {
  const { server } = await startServer(t);
  const refused = { error: { message: /\/ws/, data: { code: 'websocket_only' } } };
  t.match(await call(server.url, 'atoma_generate', { prompt: 'x', stream: true }), refused);
  t.match(await call(server.url, 'atoma_subscribe', { request_id: 'a' }), refused);
  t.match(await call(server.url, 'atoma_unsubscribe', ['1']), refused);
});

t.test('tickets are shown with every u64 as a decimal string', async (t) => {
  const { server, node } = await startServer(t);
  node.tickets.push(
    {
      ...ticket('0xaa', 'settled'),
      answer: {
        text: 'hi',
        tokens: [9],
        inputTokens: 3,
        promptTokens: [1, 2, 3],
        profile: 'p',
        outputTokens: 1,
        finishReason: 'stop',
        timings: { prefillMs: 1, decodeMs: 2 },
        root: 'ab'.repeat(32),
        leaf: 'cd'.repeat(32),
        tokensPerSecond: 12.5,
      },
      digest: '9xyz',
    },
    {
      ...ticket('0xbb', 'failed'),
      error: { code: 'prompt_too_long', message: 'Too long.', fields: { contextSize: 512 } },
    },
  );
  t.match(await call(server.url, 'atoma_getTicket', { ticket_id: '0xaa' }), {
    result: {
      id: '0xaa',
      state: 'settled',
      model: 'tiny',
      prompt: 'hello',
      pre_prompt_tokens: [1, 2],
      max_tokens: '18446744073709551615',
      random_seed: '9007199254740993',
      top_k: '0',
      leaf_index: '0',
      chunks_count: '3',
      output_destination: 'a449',
      received_at_ms: 1000,
      deadline_ms: 61_000,
      first_token_at_ms: null,
      history: [{ state: 'received', at: 1000, reason: null }],
      answer: { text: 'hi', output_tokens: 1, root: 'ab'.repeat(32), tokens_per_second: 12.5 },
      digest: '9xyz',
      error: null,
    },
  });
  t.match(await call(server.url, 'atoma_listTickets'), { result: [{ id: '0xaa' }, { id: '0xbb' }] });
  const listed = await call(server.url, 'atoma_listTickets', { state: 'failed', limit: 1 });
  t.match(listed, { result: [{ id: '0xbb', answer: null, error: { fields: { context_size: 512 } } }] });
  t.match(await call(server.url, 'atoma_getTicket', ['0xcc']), {
    error: { code: -32001, data: { code: 'not_found', ticket_id: '0xcc' } },
  });
  t.match(await call(server.url, 'atoma_getEvidence', ['0xaa']), { result: { ticket_id: '0xaa' } });
  t.match(await call(server.url, 'atoma_getEvidence', { ticket_id: '0xcc' }), {
    error: { code: -32001, data: { code: 'not_found' } },
  });
  t.match(await call(server.url, 'atoma_listTickets', { state: 'lost' }), {
    error: { code: -32602, message: /state is "lost".*received/ },
  });
});

t.test('the node and its models describe themselves', async (t) => {
  const { server, node } = await startServer(t);
  t.same(await call(server.url, 'atoma_nodeInfo'), {
    jsonrpc: '2.0',
    id: 1,
    result: {
      version: '1.2.3',
      uptime_ms: 5,
      ready: true,
      reasons: [],
      warnings: [],
      small_id: '18446744073709551615',
      chain: null,
      hardware: {
        gpu: null,
        gpus: [],
        cpu: { model: 'a CPU', cores: 2 },
        memory: { total_bytes: 2_000_000_000, free_bytes: 1_000_000_000 },
      },
      devices: [{ id: 'cpu', state: 'ready', models: ['tiny'], restarts: 0, last_fault: null }],
      models: [
        {
          ...{
            name: 'tiny',
            device: 'cpu',
            backend: 'llama',
            backend_reason: 'no GPU was found',
            source: null,
          },
          profile: {
            ...{ id: 'p', weights: 'w', engine: 'none', build: 'none', backend: 'llama', device: 'none' },
            ...{ threads: 1, context_size: 1, batch_size: 1, flash_attention: false, sampler: '1' },
            verdict: 'batch-invariant',
          },
          verdict_reason: 'nobody asked',
        },
      ],
      failed_models: [],
      queue: { waiting: 0, running: 1, capacity: 8 },
      tickets: { settled: 2 },
      late_tickets: 0,
      disputes: null,
      journal: null,
    },
  });
  node.info = troubledInfo(node.info);
  t.match(await call(server.url, 'atoma_nodeInfo'), {
    result: {
      chain: {
        checkpoint: '9007199254740993',
        checkpoint_age_ms: 1500,
        gas: { balance: '18446744073709551615', per_commitment: '2000000', runway_tickets: 41 },
      },
      devices: [{ restarts: 0 }, { state: 'quarantined', restarts: 5, last_fault: 'killed by SIGABRT' }],
      failed_models: [{ name: 'large', device: '0', code: 'model_load_failed', message: 'out of memory' }],
      late_tickets: 3,
      disputes: { by_state: { open: 1, settled: 2 }, own_right: 1, own_wrong: 1 },
      journal: { path: '/data/journal.sqlite', fault: 'the disk is full' },
    },
  });
  const unread = { ...troubledInfo(node.info) };
  if (unread.chain !== undefined) node.info = { ...unread, chain: { ...unread.chain, gas: undefined } };
  t.match(await call(server.url, 'atoma_nodeInfo'), { result: { chain: { gas: null } } });
  const source = { repo: 'owner/name', revision: 'main', commit: 'a'.repeat(40) };
  node.models = [modelInfo('tiny'), { ...modelInfo('hub'), source }];
  t.match(await call(server.url, 'atoma_listModels', {}), {
    result: [
      { name: 'tiny', context_size: 512, sequences_per_worker: 1, flash_attention: false, source: null },
      { name: 'hub', backend: 'llama', backend_reason: 'no GPU was found', source },
    ],
  });
  node.info = { ...node.info, hardware: undefined };
  t.match(await call(server.url, 'atoma_nodeInfo'), { result: { hardware: null } });
});
