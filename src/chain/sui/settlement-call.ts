import type { Transaction } from '@mysten/sui/transactions';
import { AtomaError, type OracleVerdict } from '../../core/index.js';
import { callTransaction } from './call-transaction.js';
import type { CommitmentCallOptions } from './commitment-call.js';
import type { Endpoint } from './endpoint.js';
import { PARAMETER, takesRandom } from './function-shape.js';

const { database, badge, id, u64, bytes } = PARAMETER;
const TRY_TO_SETTLE = 'try_to_settle';
const SETTLE_DISPUTE = 'settle_dispute';

/** Whether a function takes `&Random`; or why it cannot be called. */
type Shape = boolean | AtomaError;

interface Shapes {
  readonly tryToSettle: Shape;
  readonly settleDispute: Shape;
}

/**
 * Builds `settlement::try_to_settle` and `settlement::settle_dispute` calls in the shape that the package on chain
 * has. A node can do without them: one that the package lacks says so when it is called.
 */
export class SettlementCall {
  readonly #options: CommitmentCallOptions;
  readonly #shapes: Shapes;

  private constructor(options: CommitmentCallOptions, shapes: Shapes) {
    this.#options = options;
    this.#shapes = shapes;
  }

  /**
   * Reads the functions' shapes from the chain.
   * @throws what gRPC throws
   */
  static async read(
    options: CommitmentCallOptions,
    modules: { readonly endpoint: Endpoint },
  ): Promise<SettlementCall> {
    const { packageId } = options;
    const shapeOf = async (name: string, parameters: readonly string[]): Promise<Shape> => {
      try {
        return await takesRandom({ packageId, name, parameters }, modules);
      } catch (error) {
        if (error instanceof AtomaError && error.code === 'unsupported_contract') return error;
        throw error;
      }
    };
    return new SettlementCall(options, {
      tryToSettle: await shapeOf(TRY_TO_SETTLE, [database, id]),
      settleDispute: await shapeOf(SETTLE_DISPUTE, [database, badge, id, u64, u64, bytes, bytes]),
    });
  }

  /** Why each of the functions that cannot be called cannot. */
  get lacking(): readonly string[] {
    return Object.values(this.#shapes).flatMap((shape: Shape) =>
      shape instanceof AtomaError ? [shape.message] : [],
    );
  }

  /**
   * Makes the call, as a transaction of whoever sends it, its object versions and gas still open.
   * @throws AtomaError `unsupported_contract`, at once
   */
  tryToSettle(ticketId: string): (sender: string) => Transaction {
    const withRandom = callable(this.#shapes.tryToSettle);
    const { packageId, atomaDbId } = this.#options;
    return callTransaction((tx) => ({
      target: `${packageId}::settlement::${TRY_TO_SETTLE}`,
      arguments: [tx.object(atomaDbId), tx.pure.id(ticketId), ...(withRandom ? [tx.object.random()] : [])],
    }));
  }

  /** As {@link SettlementCall.tryToSettle}. */
  settleDispute(verdict: OracleVerdict): (sender: string) => Transaction {
    const withRandom = callable(this.#shapes.settleDispute);
    const { packageId, atomaDbId, nodeBadgeId } = this.#options;
    return callTransaction((tx) => ({
      target: `${packageId}::settlement::${SETTLE_DISPUTE}`,
      arguments: [
        tx.object(atomaDbId),
        tx.object(nodeBadgeId),
        tx.pure.id(verdict.ticketId),
        tx.pure.u64(verdict.inputTokens),
        tx.pure.u64(verdict.outputTokens),
        tx.pure.vector('u8', verdict.root),
        tx.pure.vector('u8', Buffer.concat(verdict.leaves)),
        ...(withRandom ? [tx.object.random()] : []),
      ],
    }));
  }
}

function callable(shape: Shape): boolean {
  if (shape instanceof AtomaError) throw shape;
  return shape;
}
