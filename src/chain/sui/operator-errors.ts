import { AtomaError } from '../../core/index.js';
import { ABORT, abortSentence, isMissingField } from './abort-codes.js';
import type { OperatorAction, OperatorCall } from './operator-call.js';
import type { Verdict } from './transaction-verdict.js';

type Abort = Extract<Verdict, { kind: 'abort' }>;

/** What an operator can do where the contract refuses. */
const REMEDIES: ReadonlyMap<number, string> = new Map([
  [ABORT.registrationDisabled, 'try again later: the network takes no new nodes now'],
  [ABORT.modelDisabled, "choose another model, or wait until the network's manager enables it"],
  [ABORT.notAuthorized, 'check that node_badge_id is the badge of this wallet'],
  [ABORT.echelonNotFound, 'check --echelon: it has to be one that the model has'],
  [ABORT.alreadySubscribed, 'status shows in which echelon; to change that, unsubscribe first'],
  [ABORT.notSubscribed, 'check the name of the model: status shows what the node is subscribed to'],
  [ABORT.nodeIndexMismatch, 'try again: other nodes are leaving the echelon'],
  [ABORT.alreadyDisabled, 'use destroy to get the collateral back, two epochs after it was disabled'],
  [ABORT.waitBeforeDestroy, 'use disable first where the node is not disabled; else wait two epochs'],
]);

/** `sui::balance::ENotEnough`, in the modules of Sui that split money. */
const NOT_ENOUGH = 2n;
const MONEY_MODULES: ReadonlySet<string | undefined> = new Set(['balance', 'coin']);

/** Whether a coin held less than the contract wanted to split off it. */
export function isNotEnough(verdict: Verdict): boolean {
  if (verdict.kind === 'abort') return verdict.code === NOT_ENOUGH && MONEY_MODULES.has(verdict.module);
  return verdict.kind === 'void' && /insufficient ?coin ?balance/i.test(verdict.reason);
}

/** What a transaction that did not go well is to the operator. */
export function operatorError(
  action: OperatorAction | OperatorCall,
  verdict: Exclude<Verdict, { kind: 'done' }>,
  address: string,
): AtomaError {
  if (verdict.kind === 'abort') return refused(action, verdict);
  if (verdict.kind === 'unpaid') {
    return new AtomaError(
      'out_of_gas',
      `the wallet ${address} cannot pay the gas to ${action.kind} (${verdict.reason}); send SUI to it`,
      { fields: { wallet: address, reason: verdict.reason } },
    );
  }
  const { reason, digest, stale } = verdict;
  const cause = stale
    ? 'something else uses the wallet at the same time, such as a node that commits'
    : 'see whether the contract is the one of this program';
  return new AtomaError(
    'transaction_rejected',
    `the chain took no transaction to ${action.kind}: ${reason}. Nothing was done; try again, and if that does not help, ${cause}`,
    { fields: { reason, digest } },
  );
}

function refused(action: OperatorAction | OperatorCall, { code, module, where, digest }: Abort): AtomaError {
  const fields = { abortCode: abortNumber(code), where, digest };
  const paid = digest === undefined ? 'nothing was sent' : `transaction ${digest} paid its gas for nothing`;
  if (isMissingField(module, code)) {
    const message = `the contract refused to ${action.kind}: ${missing(action)} (${paid})`;
    return new AtomaError('contract_refused', message, { fields });
  }
  const remedy = REMEDIES.get(Number(code));
  const sentence = `abort ${code} in ${where || 'an unnamed place'}: ${abortSentence(Number(code))}`;
  const message = `the contract refused to ${action.kind}: ${sentence} (${paid})`;
  return new AtomaError('contract_refused', remedy === undefined ? message : `${message}; ${remedy}`, {
    fields,
  });
}

/** A look-up in the registry found nothing: what is looked up is the model, or the badge's node. */
function missing(action: OperatorAction | OperatorCall): string {
  if ('model' in action) {
    return `a look-up found nothing, so that the network has no model ${JSON.stringify(action.model)}; check its name`;
  }
  return 'a look-up found nothing, so that the network has no node of this badge; check atoma_db_id and node_badge_id';
}

function abortNumber(code: bigint): number | string {
  return code <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(code) : code.toString();
}

/** The wallet's coins together are less than the collateral; amounts as texts with their unit. */
export function notEnoughCollateral(address: string, holds: string, coins: number): AtomaError {
  const count = coins === 1 ? 'one coin' : `${coins} coins`;
  return new AtomaError(
    'not_enough_collateral',
    `the contract wants more collateral than the wallet has: ${address} holds ${holds} in ${count}; send more to it`,
    { fields: { wallet: address, holds, coins } },
  );
}

/** A transaction was sent, and nobody could say what became of it. */
export function outcomeUnknown(action: OperatorCall, digest: string, cause: unknown): AtomaError {
  const after =
    action.kind === 'register'
      ? 'run register again once the endpoint answers: it finds a badge that the wallet owns, and pays no second collateral before it has looked'
      : 'run status once the endpoint answers, before trying again';
  return new AtomaError(
    'outcome_unknown',
    `the transaction ${digest} to ${action.kind} was sent, but the chain did not say what became of it; ${after}`,
    { cause, fields: { digest } },
  );
}

/** What a transaction would cost has grown since it was shown. */
export function dearerThanShown(action: OperatorCall, shown: string, now: string): AtomaError {
  return new AtomaError(
    'preview_outdated',
    `to ${action.kind} would take ${now} from the wallet now, and ${shown} was shown; nothing was sent: run the command again`,
    { fields: { shown, now } },
  );
}

/** In MIST. */
export function budgetTooHigh(action: OperatorCall, budget: bigint, cap: bigint): AtomaError {
  return new AtomaError(
    'gas_budget_too_high',
    `to ${action.kind} would need a gas budget of ${budget} MIST, at most ${cap} are spent; the network's gas price has risen far beyond the usual, or the endpoint is not to be trusted: try again later or with another http_url`,
    { fields: { budget: budget.toString(), cap: cap.toString() } },
  );
}
