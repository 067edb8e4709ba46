import { SimulationError } from '@mysten/sui/client';
import type { GrpcTypes } from '@mysten/sui/grpc';
import { describeError, isTransient, rpcCode } from './rpc-errors.js';

/** What became of a transaction. */
export type Verdict =
  | { readonly kind: 'done'; readonly digest: string }
  /** The contract said no: in the simulation (no digest) or on chain. */
  | {
      readonly kind: 'abort';
      readonly code: bigint;
      /** Name of the Move module that aborted; it need not be one of the contract's. */
      readonly module: string | undefined;
      /** `package::module::function` */
      readonly where: string;
      readonly digest: string | undefined;
    }
  /** The wallet cannot pay for it. */
  | { readonly kind: 'unpaid'; readonly reason: string }
  /** It had no effect for a reason outside the contract, such as a gas coin that moved on: build it anew. */
  | {
      readonly kind: 'void';
      readonly reason: string;
      readonly digest: string | undefined;
      /** It named versions that others have used; the next build may do so too, while the endpoint trails. */
      readonly stale: boolean;
    };

/**
 * The codes with which Sui's gRPC services refuse a transaction. Others that are answers, such as
 * PERMISSION_DENIED, are the endpoint's own and say nothing about the transaction.
 */
const REFUSALS = new Set([
  'INVALID_ARGUMENT',
  'FAILED_PRECONDITION',
  'ABORTED',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'OUT_OF_RANGE',
]);

/** How Sui words it where a wallet cannot pay: gas has no error code of its own. */
const UNPAID = [
  // Gas selection, in a simulation: the coins, or the address balance, are less than the budget.
  /insufficient SUI balance/i,
  // A simulation with all that the wallet has, which is too little: as effects, and as a check before.
  /insufficient ?gas\b/i,
  /gas budget: \d+ is lower than min/i,
  /balance of gas object \d+ is lower than the needed amount/i,
  /no valid gas coins/i,
];

/** How validators word it where an object is of another version, or held by another transaction. */
const STALE = [/available for consumption/i, /locked/i, /transaction expired/i];

/** The verdict in a transaction's effects. */
export function verdictOf(digest: string, status: GrpcTypes.ExecutionStatus | undefined): Verdict {
  if (status?.success === true) return { kind: 'done', digest };
  const details = status?.error?.errorDetails;
  if (details?.oneofKind === 'abort') {
    const { abortCode, location } = details.abort;
    return { kind: 'abort', code: abortCode ?? 0n, ...placeOf(location), digest };
  }
  const reason = status?.error?.description ?? 'it failed on chain without a reason';
  return { kind: 'void', reason, digest, stale: false };
}

/** The verdict in a refusal to run a transaction, where the ledger does not have it. */
export function verdictOfRefusal(digest: string, error: unknown): Verdict {
  const reason = describeError(error);
  return { kind: 'void', reason, digest, stale: STALE.some((wording) => wording.test(reason)) };
}

/**
 * The verdict in a failed build, which simulates the transaction.
 * @throws the error itself where it is no word about the transaction
 */
export function verdictOfBuild(error: unknown): Verdict {
  if (error instanceof SimulationError && error.executionError?.$kind === 'MoveAbort') {
    const { abortCode, location } = error.executionError.MoveAbort;
    return { kind: 'abort', code: BigInt(abortCode), ...placeOf(location), digest: undefined };
  }
  if (isTransient(error) || isEndpointRefusal(error)) throw error;
  const reason = describeError(error);
  if (UNPAID.some((wording) => wording.test(reason))) return { kind: 'unpaid', reason };
  return { kind: 'void', reason, digest: undefined, stale: false };
}

/** Whether the endpoint answered, but about the caller and not about what was asked. */
export function isEndpointRefusal(error: unknown): boolean {
  const code = rpcCode(error);
  return code !== undefined && !isTransient(error) && !REFUSALS.has(code);
}

interface Place {
  readonly package?: string;
  readonly module?: string;
  readonly functionName?: string;
}

function placeOf(location: Place | undefined): {
  readonly module: string | undefined;
  readonly where: string;
} {
  const { package: address, module, functionName } = location ?? {};
  const where = [address, module, functionName].filter((part) => part !== undefined).join('::');
  return { module, where };
}
