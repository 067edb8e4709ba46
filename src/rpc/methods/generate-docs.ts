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
      text: ', there was a little girl named Lily',
      tokens: [11, 407, 379, 258, 478, 676, 608, 501],
      input_tokens: 4,
      output_tokens: 8,
      finish_reason: 'length',
      profile: '9d0b7c9c3ae0f0ab6f4a4d7a9ad1a0d8f7a3c6c1e5b1f2a39c9e0b9d2f4e6a81',
      random_seed: '1',
      reproducible: true,
      timings: { queued_ms: 0.4, prefill_ms: 2.9, decode_ms: 3.1, tokens_per_second: 2258.065 },
    },
  },
  {
    name: 'a stream, over a WebSocket',
    params: { prompt: 'Once upon a time', stream: true, linger_ms: 30_000, request_id: 'my-request' },
    result: { request_id: 'my-request', subscription: '1' },
  },
] as const;
