import { Transaction } from '@mysten/sui/transactions';
import type { OperatorContract } from './operator-contract.js';

/** What an operator can do to a registration. */
export type OperatorAction =
  | { readonly kind: 'register' }
  | {
      readonly kind: 'subscribe';
      readonly badgeId: string;
      readonly model: string;
      readonly echelon: bigint;
    }
  | {
      readonly kind: 'unsubscribe';
      readonly badgeId: string;
      readonly smallId: bigint;
      readonly model: string;
    }
  | { readonly kind: 'disable'; readonly badgeId: string }
  | { readonly kind: 'destroy'; readonly badgeId: string }
  | { readonly kind: 'withdraw'; readonly badgeId: string };

/** An action with everything that had to be looked up for it. */
export type OperatorCall =
  /** The first coin pays; the others are merged into it before. */
  | { readonly kind: 'register'; readonly coins: readonly [string, ...string[]] }
  /** `index` in the echelon's `TableVec` of nodes. */
  | (Extract<OperatorAction, { kind: 'unsubscribe' }> & { readonly index: bigint })
  | Exclude<OperatorAction, { kind: 'register' | 'unsubscribe' }>;

type Arguments = (tx: Transaction) => NonNullable<Parameters<Transaction['moveCall']>[0]['arguments']>;

/** The call as a transaction of `sender`, its object versions and gas still open. */
export function operatorTransaction(
  call: OperatorCall,
  contract: OperatorContract,
  sender: string,
): Transaction {
  const tx = new Transaction();
  tx.setSender(sender);
  if (call.kind === 'register') {
    const [coin, ...others] = call.coins;
    if (others.length > 0) tx.mergeCoins(coin, others);
  }
  const { name, rest } = functionOf(call);
  tx.moveCall({
    target: `${contract.callPackageId}::db::${name}`,
    arguments: [tx.object(contract.atomaDbId), ...rest(tx)],
  });
  return tx;
}

/** The contract's function for a call, with its arguments after the database. */
function functionOf(call: OperatorCall): { readonly name: string; readonly rest: Arguments } {
  switch (call.kind) {
    case 'register':
      return { name: 'register_node_entry', rest: (tx) => [tx.object(call.coins[0])] };
    case 'subscribe': {
      const { badgeId, model, echelon } = call;
      return {
        name: 'add_node_to_model',
        rest: (tx) => [tx.object(badgeId), tx.pure.string(model), tx.pure.u64(echelon)],
      };
    }
    case 'unsubscribe': {
      const { badgeId, model, index } = call;
      return {
        name: 'remove_node_from_model',
        rest: (tx) => [tx.object(badgeId), tx.pure.string(model), tx.pure.u64(index)],
      };
    }
    case 'disable':
      return { name: 'permanently_disable_node', rest: (tx) => [tx.object(call.badgeId)] };
    case 'destroy':
      return { name: 'destroy_disabled_node', rest: (tx) => [tx.object(call.badgeId)] };
    case 'withdraw':
      return { name: 'withdraw_fees', rest: (tx) => [tx.object(call.badgeId)] };
  }
}
