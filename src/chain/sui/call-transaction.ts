import { Transaction } from '@mysten/sui/transactions';

type MoveCall = Parameters<Transaction['moveCall']>[0];

/** One call as a transaction of whoever sends it, its object versions and gas still open. */
export function callTransaction(call: (tx: Transaction) => MoveCall): (sender: string) => Transaction {
  return (sender) => {
    const tx = new Transaction();
    tx.setSender(sender);
    tx.moveCall(call(tx));
    return tx;
  };
}
