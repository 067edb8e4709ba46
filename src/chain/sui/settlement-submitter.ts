import type { OracleVerdict, SettleOutcome, SettleReceipt } from '../../core/index.js';
import type { DutyOptions } from '../chain.js';
import { ABORT, isMissingField } from './abort-codes.js';
import type { SettlementCall } from './settlement-call.js';
import { type Abort, refusedByContract, type Subject, ticketGone } from './submission-errors.js';
import type { TransactionClient } from './transaction-client.js';
import type { TransactionSubmitter } from './transactions.js';

/** Commitments, which have deadlines, wait behind a transaction that is on its way: it is soon given up. */
const TIMEOUT_MS = 15_000;

/** What an event of `try_to_settle` says that it did, the one that says most first. */
const OUTCOMES: readonly (readonly [event: string, outcome: SettleOutcome])[] = [
  ['settlement::SettledEvent', 'settled'],
  ['settlement::DisputeEvent', 'disputed'],
  ['settlement::NewlySampledNodesEvent', 'resampled'],
  ['settlement::RetrySettlementEvent', 'waiting'],
];

interface Modules {
  readonly submitter: TransactionSubmitter;
  readonly client: TransactionClient;
  readonly call: SettlementCall;
}

/** Sends what settles tickets beside commitments; see {@link Chain.tryToSettle}. */
export class SettlementSubmitter {
  readonly #modules: Modules;

  constructor(modules: Modules) {
    this.#modules = modules;
  }

  /** {@link Chain.tryToSettle} */
  async tryToSettle(ticketId: string, { signal }: DutyOptions): Promise<SettleReceipt> {
    const { submitter, client, call } = this.#modules;
    const subject: Subject = { ticketId, noun: 'settlement', name: `settlement of ticket ${ticketId}` };
    let outcome: SettleOutcome = 'unchanged';
    const end = await submitter.submit(
      {
        subject,
        transaction: call.tryToSettle(ticketId),
        mayRepeat: isGone,
        isCommitment: false,
        isWorthwhile: async (built, limits) => {
          outcome = outcomeOf(await client.eventTypes(built, limits, subject.noun));
          return outcome !== 'unchanged' && outcome !== 'waiting';
        },
      },
      { signal, resend: undefined },
      TIMEOUT_MS,
    );
    if (end.kind === 'abort') throw refusal(subject, end);
    return { outcome, digest: end.kind === 'done' ? end.digest : undefined };
  }

  /** {@link Chain.settleDispute} */
  async settleDispute(verdict: OracleVerdict, { signal }: DutyOptions): Promise<string> {
    const { submitter, call } = this.#modules;
    const { ticketId } = verdict;
    const subject: Subject = { ticketId, noun: 'verdict', name: `verdict on ticket ${ticketId}` };
    const submission = {
      subject,
      transaction: call.settleDispute(verdict),
      mayRepeat: isGone,
      isCommitment: false,
    };
    const end = await submitter.submit(submission, { signal, resend: undefined }, TIMEOUT_MS);
    if (end.kind === 'done') return end.digest;
    throw end.kind === 'abort' ? refusal(subject, end) : new Error('a verdict is always worth sending');
  }
}

function isGone({ code, module }: Abort): boolean {
  return isMissingField(module, code);
}

function refusal(subject: Subject, abort: Abort) {
  if (isGone(abort)) return ticketGone(subject, abort);
  if (abort.code === BigInt(ABORT.notReadyToSettle)) {
    return refusedByContract('not_ready_to_settle', subject, abort);
  }
  const isStranger = abort.code === BigInt(ABORT.notAnOracle);
  return refusedByContract(isStranger ? 'not_an_oracle' : 'settlement_rejected', subject, abort);
}

function outcomeOf(eventTypes: readonly string[]): SettleOutcome {
  const isThere = ([name]: (typeof OUTCOMES)[number]): boolean =>
    eventTypes.some((type) => type.endsWith(`::${name}`));
  return OUTCOMES.find(isThere)?.[1] ?? 'unchanged';
}
