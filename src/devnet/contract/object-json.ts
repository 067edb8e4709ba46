import { NodeBadgeLayout } from './badge.js';
import { renderJson } from './json.js';
import { TicketLayout } from './ticket-objects.js';

/** Layouts of objects, by the end of their type. */
const LAYOUTS = new Map<string, { parse(bytes: Uint8Array): unknown }>([
  ['settlement::SettlementTicket', TicketLayout],
  ['db::NodeBadge', NodeBadgeLayout],
]);

/** The contents of an object of the contract as a full node shows them in JSON; undefined for other types. */
export function objectJson(type: string, contents: Uint8Array): unknown {
  const layout = LAYOUTS.get(type.split('::').slice(1).join('::'));
  return layout === undefined ? undefined : renderJson(layout.parse(contents));
}
