import { Transaction, TransactionDataBuilder } from '@mysten/sui/transactions';
import { AtomaError } from '../core/index.js';
import type { CommittedTransaction } from './ledger/checkpoints.js';
import type { Ledger } from './ledger/ledger.js';
import { simulate } from './services/resolve.js';

/**
 * Runs a transaction of an account whose key this chain made. It goes the same way as everybody's, only
 * that it is not signed: nobody but the chain itself could check that.
 * @throws AtomaError `devnet_setup_failed` where the transaction fails
 */
export function runAs(
  ledger: Ledger,
  sender: string,
  build: (transaction: Transaction) => void,
): CommittedTransaction {
  const transaction = new Transaction();
  transaction.setSender(sender);
  build(transaction);
  const { data } = simulate(ledger, transaction.getData(), true);
  const committed = ledger.execute(new TransactionDataBuilder(data).build(), []);
  const { failed } = committed.effects;
  if (failed === undefined) return committed;
  throw new AtomaError(
    'devnet_setup_failed',
    `The dev chain could not set itself up: ${failed.failure.message}`,
  );
}

/** The id of the object of a type that a transaction made for an owner. */
export function createdId(committed: CommittedTransaction, type: string): string {
  const change = committed.effects.changes.find(({ input, output }) => !input && output?.type === type);
  if (change !== undefined) return change.id;
  throw new AtomaError('devnet_setup_failed', `The transaction ${committed.digest} made no ${type}.`);
}
