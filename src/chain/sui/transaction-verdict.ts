import { SimulationError } from '@mysten/sui/client';
import type { GrpcTypes } from '@mysten/sui/grpc';
import { describeError, isTransient } from './rpc-errors.js';

/** What became of a transaction. */
export type Verdict =
  | { readonly kind: 'done'; readonly digest: string }
  /** The contract said no: in the simulation (no digest) or on chain. */
  | {
      readonly kind: 'abort';
      readonly code: bigint;
      readonly where: string;
      readonly digest: string | undefined;
    }
  /** It had no effect for a reason outside the contract, such as a gas coin that moved on: build it anew. */
  | { readonly kind: 'void'; readonly reason: string; readonly digest: string | undefined };

/** The verdict in a transaction's effects. */
export function verdictOf(digest: string, status: GrpcTypes.ExecutionStatus | undefined): Verdict {
  if (status?.success === true) return { kind: 'done', digest };
  const details = status?.error?.errorDetails;
  if (details?.oneofKind === 'abort') {
    const { abortCode, location } = details.abort;
    return { kind: 'abort', code: abortCode ?? 0n, where: placeOf(location), digest };
  }
  const reason = status?.error?.description ?? 'it failed on chain without a reason';
  return { kind: 'void', reason, digest };
}

/**
 * The verdict in a failed build, which simulates the transaction.
 * @throws the error itself where the endpoint did not answer
 */
export function verdictOfBuild(error: unknown): Verdict {
  if (error instanceof SimulationError && error.executionError?.$kind === 'MoveAbort') {
    const { abortCode, location } = error.executionError.MoveAbort;
    return { kind: 'abort', code: BigInt(abortCode), where: placeOf(location), digest: undefined };
  }
  if (isTransient(error)) throw error;
  return { kind: 'void', reason: describeError(error), digest: undefined };
}

interface Place {
  readonly package?: string;
  readonly module?: string;
  readonly functionName?: string;
}

function placeOf(location: Place | undefined): string {
  const { package: address, module, functionName } = location ?? {};
  return [address, module, functionName].filter((part) => part !== undefined).join('::');
}
