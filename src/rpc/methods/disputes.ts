import { z } from 'zod';
import { defineMethod, type Method } from '../json-rpc/method.js';
import type { NodeApi } from '../node-api.js';
import { DISPUTE_STATES, DisputeSchema, disputeToWire } from '../wire/dispute.js';

/** A verdict holds a leaf for each node that was sampled: a page stays well under a megabyte. */
const MAX_LISTED_DISPUTES = 1000;

/** `atoma_listDisputes`, newest first. */
export function disputeMethods(node: NodeApi): readonly Method[] {
  const listDisputes = defineMethod({
    name: 'atoma_listDisputes',
    docs: {
      summary: 'Disputes over tickets of this node, newest first',
      description: 'Where the node is an oracle, disputes over tickets of others, too.',
      errors: ['not_ready', 'journal_failed'],
    },
    params: z.strictObject({
      state: z.enum(DISPUTE_STATES).optional().describe('Only those in this state.'),
      limit: z.int().min(1).max(MAX_LISTED_DISPUTES).default(100),
    }),
    result: z.array(DisputeSchema),
    examples: [{ name: 'none is open', params: { state: 'open' }, result: [] }],
    run: ({ state, limit }) => node.listDisputes({ state, limit }).map(disputeToWire),
  });
  return [listDisputes];
}
