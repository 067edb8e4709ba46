import type { ClientConfig } from '../config/index.js';
import { messageOf } from '../core/index.js';
import { nodeHolder, readTickets } from '../node/index.js';
import { lockDir } from './lock-dir.js';

type Place = Pick<ClientConfig, 'dataDir' | 'nodeBadgeId'>;

/** What a node that runs here means for a transaction of its wallet, a sentence each. */
export function runningWarnings(place: Place): readonly string[] {
  const holder = holderOf(place);
  if (holder === undefined) return [];
  return [
    `a node works with this badge: ${holder}. Its commitments and this transaction use the same coins and badge, and can get in each other's way for a moment; stop it where you can`,
  ];
}

/** What giving a node up means for its tickets, a sentence each. */
export function endingWarnings(place: Place): readonly string[] {
  const holder = holderOf(place);
  const running =
    holder === undefined
      ? []
      : [`a node still works with this badge: ${holder}. Let it finish its tickets and stop it first`];
  return [...running, ...ticketWarnings(place)];
}

function ticketWarnings(place: Place): readonly string[] {
  try {
    const tickets = readTickets(place);
    const [open, committed] = [tickets?.open ?? 0, tickets?.byState.committed ?? 0];
    if (open + committed === 0) return [];
    const left = `the journal has ${open} tickets that are not committed and ${committed} that are committed and not settled`;
    return [`${left}: what is not committed in time costs collateral`];
  } catch (error) {
    return [`open tickets cannot be told: ${messageOf(error)}`];
  }
}

function holderOf(place: Place): string | undefined {
  try {
    return nodeHolder(place, lockDir());
  } catch (error) {
    return messageOf(error);
  }
}
