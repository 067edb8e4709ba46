import type { ChainStanding, ModelStanding, NodeStanding, TicketStanding, Told } from '../node/index.js';
import { DESTROY_AFTER_EPOCHS } from './disable.js';
import { epochStartText } from './epoch-text.js';
import { suiText, tokenText } from './operator-amounts.js';
import { tableText } from './text-layout.js';

/** The standing of a node as a page for people. */
export function statusPage(standing: NodeStanding): string {
  const { address, badge, chain } = standing;
  const rows = [
    ['wallet', address],
    ['badge', badge.badgeId],
    ['small id', `${badge.smallId}`],
    ...('value' in chain ? chainRows(chain.value) : [['chain', `could not be asked: ${chain.problem}`]]),
    ...localRows(standing),
  ];
  const models = 'value' in chain && chain.value.registered ? modelTable(chain.value.models) : '';
  return `${tableText(rows)}${models}`;
}

function chainRows(chain: ChainStanding): string[][] {
  const { url, token, balances, epoch, registered, withdrawable, gas } = chain;
  return [
    ['chain', `${url}, epoch ${epoch.epoch}; the next one begins ${epochStartText(epoch.epoch + 1n, epoch)}`],
    ['balance', `${suiText(balances.mist)}, ${tokenText(balances.token, token)}`],
    ['gas', sayTold(gas, ({ runwayTickets: tickets }) => `for ${tickets} tickets (a careful guess)`)],
    ['node', registrationText(chain)],
    ...(registered
      ? [['fees', sayTold(withdrawable, (fees) => `${tokenText(fees, token)} can be withdrawn now`)]]
      : []),
  ];
}

function registrationText({ registered, disabled, disabledEpoch, epoch }: ChainStanding): string {
  if (!registered) return 'not registered: the wallet does not own this badge (it may have been destroyed)';
  return sayTold(disabled, (isDisabled) => {
    if (!isDisabled) return 'registered';
    if (disabledEpoch === undefined) return 'disabled for ever';
    const possible = disabledEpoch + DESTROY_AFTER_EPOCHS;
    const when = `destroy is possible from epoch ${possible} on, ${epochStartText(possible, epoch)}`;
    return `disabled for ever in epoch ${disabledEpoch}; ${when}`;
  });
}

function localRows({ process, readiness, tickets }: NodeStanding): string[][] {
  return [
    ['process', sayTold(process, (holder) => holder ?? 'no node with this badge runs on this machine')],
    ...(readiness === undefined ? [] : [['ready', sayTold(readiness, readyText)]]),
    ['tickets', sayTold(tickets, ticketsText)],
  ];
}

function ticketsText(tickets: TicketStanding | undefined): string {
  if (tickets === undefined) return 'none yet: there is no journal';
  const { byState, open, late } = tickets;
  const states = Object.entries(byState).map(([state, count]) => `${count} ${state}`);
  return states.length === 0 ? 'none yet' : `${states.join(', ')}; ${open} to do, ${late} were late`;
}

function readyText({
  ready,
  reasons,
}: {
  readonly ready: boolean;
  readonly reasons: readonly string[];
}): string {
  return ready ? 'yes' : `no: ${reasons.join('; ')}`;
}

function modelTable(models: readonly ModelStanding[]): string {
  if (models.length === 0) return '\nno subscription of this node was seen\n';
  const rows = models.map((standing) => [
    standing.model,
    sayTold(standing.subscribed, (subscribed) => (subscribed ? 'yes' : 'no')),
    `${standing.echelon ?? '-'}`,
    `${standing.since ?? '-'}`,
    standing.configured === undefined ? '-' : standing.configured ? 'yes' : 'no',
    adviceFor(standing),
  ]);
  return `\n${tableText([['MODEL', 'SUBSCRIBED', 'ECHELON', 'SINCE CHECKPOINT', 'CONFIGURED', ''], ...rows])}`;
}

function adviceFor({ subscribed, configured, model }: ModelStanding): string {
  if (configured === undefined || 'problem' in subscribed || subscribed.value === configured) return '';
  if (configured) return `earns nothing: subscribe ${model} --echelon N`;
  return `its tickets are missed, which costs collateral: add it to models, or unsubscribe ${model}`;
}

function sayTold<T>(told: Told<T>, say: (value: T) => string): string {
  return 'value' in told ? say(told.value) : `not known: ${told.problem}`;
}
