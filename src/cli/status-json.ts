import type { ChainStanding, ModelStanding, NodeStanding, Told } from '../node/index.js';

/** The standing of a node as one JSON object: amounts in smallest units; null where something is not known. */
export function statusFields(standing: NodeStanding): Record<string, unknown> {
  const { address, badge, chain, process, readiness, tickets } = standing;
  return {
    type: 'status',
    wallet: address,
    node_badge_id: badge.badgeId,
    small_id: badge.smallId,
    chain: 'value' in chain ? chainFields(chain.value) : null,
    chain_problem: 'problem' in chain ? chain.problem : null,
    node: {
      process: known(process) ?? null,
      ready: readiness === undefined ? null : (known(readiness)?.ready ?? null),
      reasons: readiness === undefined ? [] : (known(readiness)?.reasons ?? []),
    },
    tickets: ticketFields(tickets),
    tickets_problem: 'problem' in tickets ? tickets.problem : null,
  };
}

function chainFields(chain: ChainStanding): Record<string, unknown> {
  const { url, token, balances, epoch, registered, disabled, disabledEpoch, withdrawable, models } = chain;
  const gas = known(chain.gas);
  return {
    url,
    epoch: epoch.epoch,
    epoch_ends_at_ms: epoch.endsAtMs ?? null,
    sui_mist: balances.mist,
    token: { symbol: token.symbol, coin_type: token.coinType, decimals: token.decimals },
    token_balance: balances.token,
    registered,
    disabled: known(disabled) ?? null,
    disabled_in_epoch: disabledEpoch ?? null,
    withdrawable: known(withdrawable) ?? null,
    gas_runway_tickets: gas?.runwayTickets ?? null,
    gas_per_commitment_mist: gas?.perCommitment ?? null,
    models: models.map(modelFields),
  };
}

function modelFields({
  model,
  subscribed,
  echelon,
  since,
  configured,
}: ModelStanding): Record<string, unknown> {
  return {
    model,
    subscribed: known(subscribed) ?? null,
    echelon: echelon ?? null,
    since_checkpoint: since ?? null,
    configured: configured ?? null,
  };
}

function ticketFields(tickets: NodeStanding['tickets']): Record<string, unknown> | null {
  const counts = known(tickets);
  return counts === undefined ? null : { ...counts.byState, open: counts.open, late: counts.late };
}

function known<T>(told: Told<T>): T | undefined {
  return 'value' in told ? told.value : undefined;
}
