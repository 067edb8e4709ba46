import type { MethodDocs } from '../json-rpc/method.js';

/** What clients are told of `atoma_generate`. */
export const GENERATE_DOCS: MethodDocs = {
  summary: 'Runs a prompt, and answers when it is done or streams its tokens',
  description: [
    'Without `stream`, the answer is the result. With `stream: true`, which wants a WebSocket, the result tells',
    'the id of a subscription, and notifications `atoma_subscription` bring the tokens; others can read the stream',
    'by `atoma_subscribe` with its `request_id`. A client that goes away ends its request, unless `linger_ms` lets it',
    'go on for a while, so that the client can come back by `atoma_subscribe`.',
    '',
    'With `reproducible: true`, the params that steer an answer beyond what the contract knows are refused: `stop`,',
    '`frequency_penalty`, `presence_penalty` and `response_format`. `top_logprobs` is not: it changes no token.',
  ].join('\n'),
  errors: [
    ...(['unknown_model', 'prompt_too_long', 'grammar_unsupported', 'request_id_in_use'] as const),
    ...(['websocket_only', 'too_many_subscriptions', 'busy', 'rate_limited', 'not_ready'] as const),
    ...(['device_died', 'no_device', 'engine_failed', 'job_killed_worker', 'journal_failed'] as const),
  ],
  notifies: true,
};

export const GENERATE_EXAMPLES = [
  {
    name: 'an answer',
    params: { prompt: 'Once upon a time', max_tokens: 8, random_seed: '1', request_id: 'my-request' },
    result: {
      request_id: 'my-request',
      model: 'atoma-tiny',
      text: ', there was a brave boy named Tim',
      tokens: [47, 512, 299, 261, 883, 372, 404, 730],
      input_tokens: 4,
      output_tokens: 8,
      finish_reason: 'length',
      profile: '1c07323a2533d909820d25235d94cb5269a719f6e63a1cd06ff7949222ae339a',
      random_seed: '1',
      reproducible: true,
      timings: { queued_ms: 1, prefill_ms: 3.531, decode_ms: 9.362, tokens_per_second: 747.74 },
    },
  },
  {
    name: 'a stream, over a WebSocket',
    params: { prompt: 'Once upon a time', stream: true, linger_ms: 30_000, request_id: 'my-request' },
    result: { request_id: 'my-request', subscription: '1' },
  },
] as const;
