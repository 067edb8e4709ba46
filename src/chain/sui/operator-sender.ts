import type { Signer } from '@mysten/sui/cryptography';
import type { GrpcTypes } from '@mysten/sui/grpc';
import { normalizeStructTag, normalizeSuiAddress } from '@mysten/sui/utils';
import type { Logger } from 'pino';
import { AtomaError, Backoff, pause, type SignedTransaction } from '../../core/index.js';
import type { Endpoint } from './endpoint.js';
import { EVENT_LAYOUTS } from './layout.js';
import { type OperatorCall, operatorTransaction } from './operator-call.js';
import type { OperatorContract } from './operator-contract.js';
import { budgetTooHigh, dearerThanShown, outcomeUnknown } from './operator-errors.js';
import type { OwnedBadge } from './owned-objects.js';
import { RETRY } from './persistent-call.js';
import { type CallLimits, type Executed, TransactionClient } from './transaction-client.js';
import { type Verdict, verdictOf, verdictOfBuild, verdictOfRefusal } from './transaction-verdict.js';

/** A commitment of a running node moves the wallet's coins and badge on; it takes a second or two. */
const MAX_BUILDS = 4;
/** For the last question before giving up, when the request's own time is over. */
const LAST_LOOK_MS = 2_000;
/** In MIST: 1 SUI, a hundred times what the dearest of these calls costs at Sui's usual gas price. */
const MAX_BUDGET_MIST = 1_000_000_000n;
const REGISTERED = 'db::NodeRegisteredEvent';
/** Coins that change hands, and what the contract says of it. */
const FIELDS = ['effects.epoch', 'balance_changes', 'events'];

/** What a transaction would do, or did. */
export interface Forecast {
  /** What it takes from the wallet for gas, in MIST; negative where it frees more storage than it costs. */
  readonly gasMist: bigint;
  /** What the wallet gains (or, negative, loses) of the protocol's token, in its smallest unit. */
  readonly tokenChange: bigint;
  /** The epoch that it runs in, where the endpoint says so. */
  readonly epoch: bigint | undefined;
  /** What it registers, by its event. */
  readonly registered: OwnedBadge | undefined;
}

/** A forecast, with the transaction that it is about. */
export interface Prepared extends Forecast {
  readonly bytes: Uint8Array;
  /** In MIST. */
  readonly budgetMist: bigint;
}

/** A transaction that ran with effect. */
export interface OperatorReceipt extends Forecast {
  readonly digest: string;
}

/** What ended without effect. */
type Failure = Exclude<Verdict, { kind: 'done' }>;

interface SenderModules {
  readonly endpoint: Endpoint;
  readonly keypair: Signer;
  readonly logger: Logger;
}

/** Simulates and sends an operator's calls, each once. */
export class OperatorSender {
  readonly #requestTimeoutMs: number;
  readonly #contract: OperatorContract;
  readonly #client: TransactionClient;
  readonly #logger: Logger;

  constructor(
    options: { readonly callTimeoutMs: number; readonly requestTimeoutMs: number },
    modules: SenderModules & { readonly contract: OperatorContract },
  ) {
    this.#requestTimeoutMs = options.requestTimeoutMs;
    this.#contract = modules.contract;
    this.#logger = modules.logger;
    const { callTimeoutMs } = options;
    this.#client = new TransactionClient({ callTimeoutMs, fields: FIELDS }, modules);
  }

  /**
   * Builds and simulates a call.
   * @throws AtomaError `chain_unavailable`, `cancelled`
   */
  async prepare(call: OperatorCall, signal: AbortSignal): Promise<Prepared | Failure> {
    const limits = this.#limits(signal);
    const { address } = this.#client;
    const built = await this.#client.build(
      () => operatorTransaction(call, this.#contract, address),
      limits,
      nounOf(call),
    );
    if ('kind' in built) return asFailure(built);
    const { bytes, budget: budgetMist } = built;
    try {
      const ran = await this.#client.simulate(built, limits, nounOf(call));
      const verdict = verdictOf('', ran?.effects?.status);
      if (verdict.kind !== 'done') return simulated(verdict);
      return { ...this.#forecast(ran), bytes, budgetMist };
    } catch (error) {
      if (error instanceof AtomaError) throw error;
      return asFailure(verdictOfBuild(error));
    }
  }

  /**
   * Sends a call that was shown, built anew: what it names may have moved on while a person thought. Where the
   * chain says that a transaction can never run, another one is built; but a registration, which would be paid
   * for twice if that were wrong, only before the first one was sent.
   * @param onSigned told of each transaction before it is sent; waited for
   * @throws AtomaError `preview_outdated`, `gas_budget_too_high`, `outcome_unknown`, `chain_unavailable`, `cancelled`
   */
  async send(
    call: OperatorCall,
    shown: Forecast,
    options: {
      readonly signal: AbortSignal;
      readonly onSigned: (signed: SignedTransaction) => void | Promise<void>;
    },
  ): Promise<OperatorReceipt | Failure> {
    const { signal, onSigned } = options;
    const backoff = new Backoff(RETRY);
    for (let builds = 1; ; builds++) {
      const prepared = await this.prepare(call, signal);
      if ('kind' in prepared) return prepared;
      checkAgainst(call, shown, prepared);
      const signed = await this.#client.sign(prepared.bytes);
      await onSigned(signed);
      const { verdict, transaction } = await this.#execute(call, signed, signal);
      if (verdict.kind === 'done') return { digest: signed.digest, ...this.#forecast(transaction) };
      const again = verdict.kind === 'void' && verdict.stale && call.kind !== 'register';
      if (!again || builds === MAX_BUILDS) return verdict;
      this.#logger.warn({ reason: verdict.reason, digest: verdict.digest }, 'building the transaction anew');
      await pause(backoff.next(), signal);
    }
  }

  /** @throws AtomaError `outcome_unknown` where it was sent and nobody says what became of it */
  async #execute(call: OperatorCall, signed: SignedTransaction, signal: AbortSignal): Promise<Executed> {
    const { digest } = signed;
    try {
      return await this.#client.execute(signed, this.#limits(signal), nounOf(call));
    } catch (error) {
      // No answer, or a refusal, after which it may have run all the same.
      const found = await this.#lastLook(digest).catch((cause: unknown) => {
        throw outcomeUnknown(call, digest, cause);
      });
      if (found !== undefined) return found;
      // A refusal may follow a try without an answer that ran all the same, on an endpoint that trails.
      if (error instanceof AtomaError || call.kind === 'register') throw outcomeUnknown(call, digest, error);
      return { verdict: verdictOfRefusal(digest, error), gasUsed: undefined, transaction: undefined };
    }
  }

  #lastLook(digest: string): Promise<Executed | undefined> {
    // With a signal of its own: also a command that is interrupted wants to know.
    const deadlineMs = performance.now() + LAST_LOOK_MS;
    return this.#client.find(digest, {
      deadlineMs,
      signal: new AbortController().signal,
      fields: { digest },
    });
  }

  #forecast(ran: GrpcTypes.ExecutedTransaction | undefined): Forecast {
    const used = ran?.effects?.gasUsed;
    const gasMist = (used?.computationCost ?? 0n) + (used?.storageCost ?? 0n) - (used?.storageRebate ?? 0n);
    const { coinType } = this.#contract.token;
    const own = (ran?.balanceChanges ?? []).filter(
      (change) =>
        normalizeSuiAddress(change.address ?? '') === this.#client.address &&
        normalizeStructTag(change.coinType ?? '') === coinType,
    );
    const tokenChange = own.reduce((sum, { amount }) => sum + BigInt(amount ?? 0), 0n);
    return { gasMist, tokenChange, epoch: ran?.effects?.epoch, registered: this.#registeredBy(ran) };
  }

  #registeredBy(ran: GrpcTypes.ExecutedTransaction | undefined): OwnedBadge | undefined {
    const type = `${this.#contract.definingPackageId}::${REGISTERED}`;
    const event = ran?.events?.events.find(({ eventType = '' }) => normalizeStructTag(eventType) === type);
    if (event?.contents?.value === undefined) return undefined;
    const { badge_id, node_small_id } = EVENT_LAYOUTS[REGISTERED].parse(
      Uint8Array.from(event.contents.value),
    );
    return { badgeId: badge_id, smallId: BigInt(node_small_id.inner) };
  }

  #limits(signal: AbortSignal): CallLimits {
    return { deadlineMs: performance.now() + this.#requestTimeoutMs, signal, fields: {} };
  }
}

/** For errors: `simulating a …`. */
function nounOf({ kind }: OperatorCall): string {
  return `transaction to ${kind}`;
}

function checkAgainst(call: OperatorCall, shown: Forecast, { tokenChange, budgetMist }: Prepared): void {
  if (budgetMist > MAX_BUDGET_MIST) throw budgetTooHigh(call, budgetMist, MAX_BUDGET_MIST);
  if (tokenChange >= shown.tokenChange || tokenChange >= 0n) return;
  throw dearerThanShown(call, `${-shown.tokenChange}`, `${-tokenChange}`);
}

/** A build or a simulation has no digest to name. */
function asFailure(verdict: Verdict): Failure {
  if (verdict.kind !== 'done') return verdict;
  throw new TypeError('a build does not run anything');
}

function simulated(verdict: Failure): Failure {
  return 'digest' in verdict ? { ...verdict, digest: undefined } : verdict;
}
