import { z } from 'zod';
import { meteredGenerate } from '../access/metered-generate.js';
import { catalogued } from '../error-catalogue.js';
import { type Call, defineMethod, type Method } from '../json-rpc/method.js';
import type { GenerateOptions, GenerateRequest, NodeApi } from '../node-api.js';
import type { StreamHost } from '../websocket/stream-host.js';
import { GenerateResultSchema, generateResultToWire } from '../wire/completion.js';
import type { WireOf } from '../wire/schema.js';
import { GENERATE_DOCS, GENERATE_EXAMPLES } from './generate-docs.js';
import { GenerateParams } from './generate-params.js';
import { toRequest } from './generate-request.js';
import { requestId } from './params.js';
import { RunningRequests } from './running-requests.js';

/** The answer to `atoma_generate` with `stream: true`. */
const StreamStart = z
  .object({ request_id: z.string(), subscription: z.string() })
  .meta({ id: 'StreamStart', description: 'A request whose tokens come as notifications.' });

/** `atoma_generate`: runs a prompt; answers when it is done, or streams it over a WebSocket. `atoma_cancel` ends it. */
export function generateMethods(node: NodeApi): readonly Method[] {
  const running = new RunningRequests();
  const generate = defineMethod({
    name: 'atoma_generate',
    scopes: ['generate'],
    docs: GENERATE_DOCS,
    params: GenerateParams,
    result: z.union([GenerateResultSchema, StreamStart]),
    examples: GENERATE_EXAMPLES,
    run: (params, call) => {
      const request = toRequest(params, node);
      return params.stream
        ? startStream(node, running, request, call, params.linger_ms)
        : answer(node, running, request, call);
    },
  });
  const cancel = defineMethod({
    name: 'atoma_cancel',
    scopes: ['generate'],
    docs: {
      summary: 'Ends a request of one’s own, queued or running',
      description:
        'Its `atoma_generate` fails with `cancelled`, and so does its stream. With API keys, a key ends its own requests only.',
      errors: [],
    },
    params: z.strictObject({ request_id: requestId }),
    result: z.boolean().describe('false where no request of this id and of this client is running.'),
    examples: [{ name: 'one that runs', params: { request_id: 'my-request' }, result: true }],
    run: ({ request_id }, { principal }) => running.cancel(request_id, principal),
  });
  return [generate, cancel];
}

function answer(
  node: NodeApi,
  running: RunningRequests,
  request: GenerateRequest,
  { signal, principal }: Call,
): Promise<WireOf<typeof GenerateResultSchema>> {
  return running.run(request.requestId, principal, async (controller) => {
    const abort = (): void => controller.abort(signal.reason);
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
    const options = { signal: controller.signal, onTokens: undefined, onRestart: undefined };
    const result = await meteredGenerate(node, principal, request, options);
    return generateResultToWire(result, request.params);
  });
}

/** @throws AtomaError `websocket_only`, `too_many_subscriptions`. */
function startStream(
  node: NodeApi,
  running: RunningRequests,
  request: GenerateRequest,
  { streams, principal }: Call,
  lingerMs: number,
): WireOf<typeof StreamStart> {
  const { requestId } = request;
  const subscription = needStreams(streams).open({ requestId, lingerMs });
  running
    .run(requestId, principal, async (controller) => {
      subscription.onCancel = () =>
        controller.abort(catalogued('cancelled', 'The client ended the stream of this request.'));
      const options = {
        signal: controller.signal,
        onTokens: (frame) => subscription.push(frame),
        onRestart: () => subscription.restart(),
      } satisfies GenerateOptions;
      const result = await meteredGenerate(node, principal, request, options);
      subscription.complete(result.completion, generateResultToWire(result, request.params));
    })
    .catch((error: unknown) => subscription.fail(error));
  return { request_id: requestId, subscription: subscription.id };
}

function needStreams(streams: StreamHost | undefined): StreamHost {
  if (streams !== undefined) return streams;
  throw catalogued(
    'websocket_only',
    'stream: true needs a connection to stream over: call atoma_generate on the WebSocket at /ws, or leave stream out.',
  );
}
