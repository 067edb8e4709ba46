import { bcs } from '@mysten/sui/bcs';
import type { FailedAt } from '../move/interpreter.js';
import { bcsFailure } from './bcs-failure.js';
import type { GasUsed } from './gas.js';
import { bcsOwner, type StoredObject } from './objects.js';

/** What a transaction did to one object; without an output it is gone. */
export interface ObjectChange {
  readonly id: string;
  readonly input: StoredObject | undefined;
  readonly output: StoredObject | undefined;
}

/** What a transaction did. */
export interface Effects {
  /** undefined where it succeeded. */
  readonly failed: FailedAt | undefined;
  readonly epoch: bigint;
  readonly gasUsed: GasUsed;
  /** undefined in a simulation without a gas coin. */
  readonly gasObjectId: string | undefined;
  readonly transactionDigest: string;
  readonly eventsDigest: string | undefined;
  readonly dependencies: readonly string[];
  /** The version of everything written. */
  readonly lamportVersion: bigint;
  /** In the order of ids. */
  readonly changes: readonly ObjectChange[];
  /** Shared objects that were only read. */
  readonly readOnly: readonly StoredObject[];
}

type BcsEffects = Extract<typeof bcs.TransactionEffects.$inferInput, { V2: unknown }>['V2'];
type BcsChange = BcsEffects['changedObjects'] extends Iterable<infer Change> ? Change : never;

function bcsChange({ id, input, output }: ObjectChange): BcsChange {
  return [
    id,
    {
      inputState:
        input === undefined
          ? { NotExist: true }
          : { Exist: [[input.version, input.digest], bcsOwner(input.owner)] },
      outputState:
        output === undefined ? { NotExist: true } : { ObjectWrite: [output.digest, bcsOwner(output.owner)] },
      idOperation:
        input === undefined ? { Created: true } : output === undefined ? { Deleted: true } : { None: true },
    },
  ];
}

function bcsStatus(failed: FailedAt | undefined): BcsEffects['status'] {
  if (failed === undefined) return { Success: true };
  return { Failure: { error: bcsFailure(failed.failure.reason), command: failed.command ?? null } };
}

/** `TransactionEffects::V2`, the bytes that the effects' digest is made over. */
export function effectsBcs(effects: Effects): Uint8Array {
  const gasIndex = effects.changes.findIndex((change) => change.id === effects.gasObjectId);
  return bcs.TransactionEffects.serialize({
    V2: {
      status: bcsStatus(effects.failed),
      executedEpoch: effects.epoch,
      gasUsed: effects.gasUsed,
      transactionDigest: effects.transactionDigest,
      gasObjectIndex: gasIndex < 0 ? null : gasIndex,
      eventsDigest: effects.eventsDigest ?? null,
      dependencies: effects.dependencies,
      lamportVersion: effects.lamportVersion,
      changedObjects: effects.changes.map(bcsChange),
      unchangedConsensusObjects: effects.readOnly.map((object) => [
        object.id,
        { ReadOnlyRoot: [object.version, object.digest] },
      ]),
      auxDataDigest: null,
    },
  }).toBytes();
}
