import { GrpcTypes } from '@mysten/sui/grpc';
import type { PartialMessage } from '@protobuf-ts/runtime';
import { type Effects, effectsBcs, type ObjectChange } from '../ledger/effects.js';
import { digestOf, type StoredObject } from '../ledger/objects.js';
import { coinTypeOf } from '../move/types.js';
import { coinBalance } from '../move/values.js';
import { renderStatus } from './render-failure.js';
import { renderOwner } from './render-object.js';

/** The version of `TransactionEffects` that the BCS bytes are of. */
const EFFECTS_VERSION = 2;

function renderChange({ id, input, output }: ObjectChange): PartialMessage<GrpcTypes.ChangedObject> {
  const change: PartialMessage<GrpcTypes.ChangedObject> = {
    objectId: id,
    inputState: input
      ? GrpcTypes.ChangedObject_InputObjectState.EXISTS
      : GrpcTypes.ChangedObject_InputObjectState.DOES_NOT_EXIST,
    outputState: output
      ? GrpcTypes.ChangedObject_OutputObjectState.OBJECT_WRITE
      : GrpcTypes.ChangedObject_OutputObjectState.DOES_NOT_EXIST,
    idOperation: idOperation(input, output),
  };
  const type = (output ?? input)?.type;
  if (type !== undefined) change.objectType = type;
  if (input !== undefined) {
    change.inputVersion = input.version;
    change.inputDigest = input.digest;
    change.inputOwner = renderOwner(input.owner);
  }
  if (output !== undefined) {
    change.outputVersion = output.version;
    change.outputDigest = output.digest;
    change.outputOwner = renderOwner(output.owner);
  }
  return change;
}

function idOperation(
  input: StoredObject | undefined,
  output: StoredObject | undefined,
): GrpcTypes.ChangedObject_IdOperation {
  if (input === undefined) return GrpcTypes.ChangedObject_IdOperation.CREATED;
  return output === undefined
    ? GrpcTypes.ChangedObject_IdOperation.DELETED
    : GrpcTypes.ChangedObject_IdOperation.NONE;
}

/** The effects of a transaction in full. */
export function renderEffects(effects: Effects): PartialMessage<GrpcTypes.TransactionEffects> {
  const bytes = effectsBcs(effects);
  const changedObjects = effects.changes.map(renderChange);
  const rendered: PartialMessage<GrpcTypes.TransactionEffects> = {
    bcs: { name: 'TransactionEffects', value: bytes },
    digest: digestOf('TransactionEffects', bytes),
    version: EFFECTS_VERSION,
    status: renderStatus(effects.failed),
    epoch: effects.epoch,
    gasUsed: { ...effects.gasUsed },
    transactionDigest: effects.transactionDigest,
    dependencies: [...effects.dependencies],
    lamportVersion: effects.lamportVersion,
    changedObjects,
    unchangedConsensusObjects: effects.readOnly.map((object) => ({
      kind: GrpcTypes.UnchangedConsensusObject_UnchangedConsensusObjectKind.READ_ONLY_ROOT,
      objectId: object.id,
      version: object.version,
      digest: object.digest,
      objectType: object.type,
    })),
  };
  const gasObject = changedObjects.find((change) => change.objectId === effects.gasObjectId);
  if (gasObject !== undefined) rendered.gasObject = gasObject;
  if (effects.eventsDigest !== undefined) rendered.eventsDigest = effects.eventsDigest;
  return rendered;
}

/** What each address gained or lost in each coin, in the order of addresses and coins. */
export function balanceChanges(effects: Effects): PartialMessage<GrpcTypes.BalanceChange>[] {
  const sums = new Map<string, { address: string; coinType: string; amount: bigint }>();
  const add = (object: StoredObject | undefined, sign: bigint): void => {
    const coinType = object && coinTypeOf(object.type);
    if (coinType === undefined || object?.owner.kind !== 'address') return;
    const { address } = object.owner;
    const key = `${address} ${coinType}`;
    const sum = sums.get(key) ?? { address, coinType, amount: 0n };
    sum.amount += sign * coinBalance(object.contents);
    sums.set(key, sum);
  };
  for (const { input, output } of effects.changes) {
    add(input, -1n);
    add(output, 1n);
  }
  return [...sums.entries()]
    .filter(([, { amount }]) => amount !== 0n)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, { address, coinType, amount }]) => ({ address, coinType, amount: amount.toString() }));
}
