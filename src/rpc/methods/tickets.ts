import { z } from 'zod';
import { catalogued } from '../error-catalogue.js';
import { defineMethod, type Method } from '../json-rpc/method.js';
import type { NodeApi } from '../node-api.js';
import { EvidenceSchema } from '../wire/evidence.js';
import { TicketSchema, ticketToWire } from '../wire/ticket.js';
import { TICKET_STATES } from '../wire/ticket-states.js';
import { ticketId } from './params.js';

/** A page that stays well under a megabyte with usual prompts. */
const MAX_LISTED_TICKETS = 1000;

/** `atoma_getTicket`, `atoma_getEvidence` and `atoma_listTickets` (newest first). */
export function ticketMethods(node: NodeApi): readonly Method[] {
  const getTicket = defineMethod({
    name: 'atoma_getTicket',
    docs: {
      summary: 'A ticket of this node, with its history and, once there is one, its answer',
      errors: ['not_found', 'not_ready', 'journal_failed'],
    },
    params: z.strictObject({ ticket_id: ticketId }),
    result: TicketSchema,
    run: (params) => {
      const ticket = node.getTicket(params.ticket_id);
      if (ticket !== undefined) return ticketToWire(ticket);
      throw catalogued('not_found', `No ticket ${params.ticket_id} is known to this node.`, {
        ticketId: params.ticket_id,
      });
    },
  });
  const getEvidence = defineMethod({
    name: 'atoma_getEvidence',
    docs: {
      summary:
        'Everything that another node needs to make the answer of a ticket again, and what was committed',
      description: 'Written to a file, it is what `atoma-node verify` reads.',
      errors: ['not_found', 'not_ready', 'journal_failed'],
    },
    params: z.strictObject({ ticket_id: ticketId }),
    result: EvidenceSchema,
    run: (params) => node.getEvidence(params.ticket_id),
  });
  const listTickets = defineMethod({
    name: 'atoma_listTickets',
    docs: {
      summary: 'Tickets of this node, newest first',
      errors: ['not_ready', 'journal_failed'],
    },
    params: z.strictObject({
      state: z.enum(TICKET_STATES).optional().describe('Only those in this state.'),
      limit: z.int().min(1).max(MAX_LISTED_TICKETS).default(100),
    }),
    result: z.array(TicketSchema),
    examples: [{ name: 'none failed', params: { state: 'failed', limit: 10 }, result: [] }],
    run: ({ state, limit }) => node.listTickets({ state, limit }).map(ticketToWire),
  });
  return [getTicket, getEvidence, listTickets];
}
