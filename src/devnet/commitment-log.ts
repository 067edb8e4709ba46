import { bcs } from '@mysten/sui/bcs';
import type { CallArg, TransactionData } from '@mysten/sui/transactions';
import { fromBase64, normalizeSuiAddress, toHex } from '@mysten/sui/utils';
import { badgeSmallId } from './contract/badge.js';
import type { CommittedTransaction } from './ledger/checkpoints.js';
import type { Ledger } from './ledger/ledger.js';

type Command = TransactionData['commands'][number];

/** A commitment that a transaction carried to the contract. */
export interface DevnetCommitment {
  readonly ticketId: string;
  readonly smallId: bigint;
  /** Of the transaction. */
  readonly digest: string;
  /** Hex, 64 digits. */
  readonly root: string;
  readonly inputTokens: bigint;
  readonly outputTokens: bigint;
  /** When it was executed, ms since 1970 by the chain's clock. */
  readonly atMs: number;
  /** False where the contract aborted. */
  readonly succeeded: boolean;
}

/** Writes down every commitment that is executed. */
export class CommitmentLog {
  readonly #packageId: string;
  readonly #ledger: Ledger;
  readonly #all: DevnetCommitment[] = [];

  constructor(options: { readonly packageId: string }, modules: { readonly ledger: Ledger }) {
    const { ledger } = modules;
    this.#packageId = options.packageId;
    this.#ledger = ledger;
    ledger.onCheckpoint((sequence) => {
      for (const transaction of ledger.checkpoints.transactions(sequence)) this.#note(transaction);
    });
  }

  get all(): readonly DevnetCommitment[] {
    return this.#all;
  }

  #note({ data, digest, effects, timestampMs: atMs }: CommittedTransaction): void {
    for (const command of data?.commands ?? []) {
      const commitment = data === undefined ? undefined : this.#read(data, command);
      const succeeded = effects.failed === undefined;
      if (commitment !== undefined) this.#all.push({ ...commitment, digest, atMs, succeeded });
    }
  }

  #read(data: TransactionData, { MoveCall: call }: Command) {
    if (call?.module !== 'settlement' || call.function !== 'submit_commitment') return undefined;
    if (normalizeSuiAddress(call.package) !== this.#packageId) return undefined;
    const [, badge, ticket, inputTokens, outputTokens, root] = call.arguments.map((argument) =>
      argument.$kind === 'Input' ? data.inputs[argument.Input] : undefined,
    );
    const badgeId = badge?.Object?.ImmOrOwnedObject?.objectId;
    const contents = badgeId === undefined ? undefined : this.#ledger.objects.get(badgeId)?.contents;
    // Arguments that are results of other commands are no commitment of a node.
    if (contents === undefined) return undefined;
    return {
      ticketId: bcs.Address.parse(pure(ticket)),
      smallId: badgeSmallId(contents),
      inputTokens: BigInt(bcs.u64().parse(pure(inputTokens))),
      outputTokens: BigInt(bcs.u64().parse(pure(outputTokens))),
      root: toHex(bcs.byteVector().parse(pure(root))),
    };
  }
}

function pure(argument: CallArg | undefined): Uint8Array {
  return fromBase64(argument?.Pure?.bytes ?? '');
}
