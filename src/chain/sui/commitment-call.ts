import type { Transaction } from '@mysten/sui/transactions';
import type { Commitment } from '../../core/index.js';
import { callTransaction } from './call-transaction.js';
import type { Endpoint } from './endpoint.js';
import { PARAMETER, takesRandom } from './function-shape.js';

const FUNCTION = 'submit_commitment';
const { database, badge, id, u64, bytes } = PARAMETER;
/** In every package published so far; later ones take `&Random` besides. */
const PARAMETERS = [database, badge, id, u64, u64, bytes, bytes];

export interface CommitmentCallOptions {
  /** The package that is called. */
  readonly packageId: string;
  readonly atomaDbId: string;
  readonly nodeBadgeId: string;
}

/** Builds `settlement::submit_commitment` calls in the shape that the package on chain has. */
export class CommitmentCall {
  readonly #options: CommitmentCallOptions & { readonly withRandom: boolean };

  private constructor(options: CommitmentCallOptions & { readonly withRandom: boolean }) {
    this.#options = options;
  }

  /**
   * Reads the function's shape from the chain.
   * @throws AtomaError `unsupported_contract` for any other shape than the two known ones, or where there is
   * no such function; what gRPC throws
   */
  static async read(
    options: CommitmentCallOptions,
    modules: { readonly endpoint: Endpoint },
  ): Promise<CommitmentCall> {
    const wanted = { packageId: options.packageId, name: FUNCTION, parameters: PARAMETERS };
    return new CommitmentCall({ ...options, withRandom: await takesRandom(wanted, modules) });
  }

  /** The call as a transaction of `sender`, its object versions and gas still open. */
  toTransaction(commitment: Commitment, sender: string): Transaction {
    const { packageId, atomaDbId, nodeBadgeId, withRandom } = this.#options;
    return callTransaction((tx) => ({
      target: `${packageId}::settlement::${FUNCTION}`,
      arguments: [
        tx.object(atomaDbId),
        tx.object(nodeBadgeId),
        tx.pure.id(commitment.ticketId),
        tx.pure.u64(commitment.inputTokens),
        tx.pure.u64(commitment.outputTokens),
        tx.pure.vector('u8', commitment.root),
        tx.pure.vector('u8', commitment.leaf),
        ...(withRandom ? [tx.object.random()] : []),
      ],
    }))(sender);
  }
}
