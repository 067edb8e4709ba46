import { AtomaError } from '../../core/index.js';
import { abortSentence } from './abort-codes.js';
import type { Verdict } from './transaction-verdict.js';

export type Abort = Extract<Verdict, { kind: 'abort' }>;

/** What a transaction is to do, for errors and logs. */
export interface Subject {
  readonly ticketId: string;
  /** `commitment` */
  readonly noun: string;
  /** `commitment to ticket 0x…` */
  readonly name: string;
}

/** The ticket was settled or removed before this node's transaction came. */
export function ticketGone({ ticketId, noun }: Subject, { where, digest }: Abort): AtomaError {
  return new AtomaError(
    'ticket_gone',
    `the chain no longer has ticket ${ticketId} (a look-up in ${where} found nothing): it was settled before this node's ${noun} came`,
    { fields: { ticketId, where, digest } },
  );
}

/** The contract's no, under an error code that says what follows from it. */
export function refusedByContract(
  errorCode: string,
  { ticketId, name }: Subject,
  { code, where, digest }: Abort,
): AtomaError {
  const abortCode = code <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(code) : code.toString();
  const sentence = abortSentence(Number(code));
  return new AtomaError(
    errorCode,
    `the contract refused the ${name}: abort ${code} in ${where || 'an unnamed place'}: ${sentence}`,
    { fields: { ticketId, abortCode, where, digest } },
  );
}

/** After so many builds, each of which should have mended what was wrong with the last. */
export function transactionRejected(
  { ticketId, name }: Subject,
  builds: number,
  { reason, digest }: Extract<Verdict, { kind: 'void' }>,
): AtomaError {
  return new AtomaError(
    'transaction_rejected',
    `the chain took no ${name} in ${builds} tries, the last time because: ${reason}`,
    { fields: { ticketId, reason, digest } },
  );
}

/** Up to the deadline, the endpoint named object versions that validators no longer take. */
export function endpointTrails(
  { ticketId, name }: Subject,
  url: string,
  { reason, digest }: Extract<Verdict, { kind: 'void' }>,
): AtomaError {
  return new AtomaError(
    'chain_unavailable',
    `the chain's endpoint ${url} built no ${name} that validators take (${reason}); it trails behind them, or something else uses the node's wallet all the time`,
    { fields: { url, ticketId, reason, digest } },
  );
}

/** @param balance in MIST; undefined where it could not be read */
export function outOfGas(
  { ticketId, noun, name }: Subject,
  wallet: string,
  balance: bigint | undefined,
  reason: string,
): AtomaError {
  const holds = balance === undefined ? 'an unknown balance' : `${balance} MIST`;
  return new AtomaError(
    'out_of_gas',
    `the wallet ${wallet} cannot pay for the ${name}: it holds ${holds} (${reason}). Send SUI to it; the ${noun} can be sent again then.`,
    { fields: { ticketId, wallet, balance: balance?.toString(), reason } },
  );
}

/** Both in MIST. */
export function budgetTooHigh({ ticketId, noun, name }: Subject, budget: bigint, cap: bigint): AtomaError {
  return new AtomaError(
    'gas_budget_too_high',
    `the ${name} would need a gas budget of ${budget} MIST, at most ${cap} are spent on one ${noun}; the network's gas price or the contract's costs have risen far beyond the usual, or the endpoint is not to be trusted`,
    { fields: { ticketId, budget: budget.toString(), cap: cap.toString() } },
  );
}
