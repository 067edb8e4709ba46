import { z } from 'zod';
import { type Completion, fromErrorData, type StreamTarget } from '../../core/index.js';
import { catalogued } from '../error-catalogue.js';
import { defineMethod, type Method } from '../json-rpc/method.js';
import type { NodeApi } from '../node-api.js';
import type { StreamHost } from '../websocket/stream-host.js';
import { completionToWire } from '../wire/completion.js';
import { requestId, ticketId } from './params.js';

const SubscribeParams = z
  .strictObject({
    ticket_id: ticketId.optional(),
    request_id: requestId.optional(),
    from_index: z.int().min(0).optional().describe('The first token that is wanted; default 0.'),
    fromIndex: z.int().min(0).optional().describe('The same as `from_index`.'),
  })
  .refine((params) => (params.ticket_id === undefined) !== (params.request_id === undefined), {
    error: 'wanted either ticket_id or request_id',
  })
  .refine((params) => params.from_index === undefined || params.fromIndex === undefined, {
    error: 'wanted either from_index or fromIndex, which are the same',
  });

/**
 * `atoma_subscribe` and `atoma_unsubscribe`: the tokens of a ticket or a request, over a WebSocket. A client
 * that lost its connection asks again with `from_index` = tokens it has; where the answer began again
 * meanwhile, the first notification is `restarted` and all tokens come, from index 0.
 */
export function subscriptionMethods(node: NodeApi): readonly Method[] {
  const subscribe = defineMethod({
    name: 'atoma_subscribe',
    scopes: ['generate', 'read'],
    docs: {
      summary:
        'The tokens of a ticket or of a request from any index on, as notifications over the WebSocket',
      description:
        'Wants either `ticket_id` or `request_id`. What was produced already is replayed, then it is live. A ticket that has not come yet may be subscribed to. A client that lost its connection comes back with the number of tokens that it has; where the answer began anew meanwhile, the first notification says `restarted`, and all tokens come. With API keys, the scope `generate` is enough for requests, whose ids only those know who were told; tickets want `read`.',
      errors: [
        'websocket_only',
        'not_found',
        'too_many_subscriptions',
        'busy',
        'not_ready',
        'journal_failed',
      ],
      notifies: true,
    },
    params: SubscribeParams,
    result: z.string().describe('Id of the subscription.'),
    examples: [
      { name: 'from token 12 on', params: { request_id: 'my-request', from_index: 12 }, result: '1' },
    ],
    run: ({ ticket_id, request_id, from_index, fromIndex }, { streams, principal }) => {
      if (ticket_id !== undefined) principal.require('read');
      const target: StreamTarget =
        ticket_id === undefined
          ? { kind: 'request', id: request_id ?? '' }
          : { kind: 'ticket', id: ticket_id };
      return follow(node, target, from_index ?? fromIndex ?? 0, needStreams(streams));
    },
  });
  const unsubscribe = defineMethod({
    name: 'atoma_unsubscribe',
    scopes: ['generate', 'read'],
    docs: {
      summary: 'Ends a subscription without a last notification',
      description:
        'Where it is that of a request of this client’s own (`atoma_generate` with `stream: true`), the request is cancelled.',
      errors: ['websocket_only'],
    },
    params: z.strictObject({ subscription: z.string() }),
    result: z.boolean().describe('false where there is no such subscription on this WebSocket.'),
    examples: [{ name: 'one that there is', params: { subscription: '1' }, result: true }],
    run: ({ subscription }, { streams }) => needStreams(streams).cancel(subscription),
  });
  return [subscribe, unsubscribe];
}

function needStreams(streams: StreamHost | undefined): StreamHost {
  if (streams !== undefined) return streams;
  throw catalogued('websocket_only', 'Subscriptions need a connection: call this on the WebSocket at /ws.');
}

function follow(node: NodeApi, target: StreamTarget, fromIndex: number, streams: StreamHost): string {
  const subscription = streams.open({
    fromIndex,
    ...(target.kind === 'request' && { requestId: target.id }),
  });
  try {
    subscription.onCancel = node.subscribe(target, fromIndex, {
      onFrame: (frame) => subscription.push(frame),
      onRestart: () => subscription.restart(),
      onEnd: (end, hash) => {
        if (!end.ok) return subscription.fail(fromErrorData(end.error));
        const { completion, commitment } = end;
        subscription.complete(completion, describe(node, target, completion), { hash, commitment });
      },
    });
  } catch (error) {
    streams.cancel(subscription.id);
    throw error;
  }
  return subscription.id;
}

/** A completion with what is known of its origin. */
function describe(node: NodeApi, target: StreamTarget, completion: Completion): Record<string, unknown> {
  if (target.kind === 'request') return { request_id: target.id, ...completionToWire(completion) };
  const params = node.getTicket(target.id)?.params;
  return {
    ticket_id: target.id,
    ...(params === undefined ? {} : { model: params.model, random_seed: params.randomSeed.toString() }),
    ...completionToWire(completion),
  };
}
