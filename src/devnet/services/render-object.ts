import { GrpcTypes } from '@mysten/sui/grpc';
import type { PartialMessage } from '@protobuf-ts/runtime';
import { objectJson } from '../contract/object-json.js';
import { hasPublicTransfer, type Owner, objectBcs, type StoredObject } from '../ledger/objects.js';
import { coinTypeOf } from '../move/types.js';
import { coinBalance } from '../move/values.js';
import type { ReadMask } from '../read-mask.js';
import { toValue } from './json-value.js';

export function renderOwner(owner: Owner): PartialMessage<GrpcTypes.Owner> {
  switch (owner.kind) {
    case 'address':
      return { kind: GrpcTypes.Owner_OwnerKind.ADDRESS, address: owner.address };
    case 'object':
      return { kind: GrpcTypes.Owner_OwnerKind.OBJECT, address: owner.id };
    case 'shared':
      return { kind: GrpcTypes.Owner_OwnerKind.SHARED, version: owner.initialVersion };
    case 'immutable':
      return { kind: GrpcTypes.Owner_OwnerKind.IMMUTABLE };
  }
}

/** An object in full. `json` is unset but for badges and tickets: the dev chain knows no layouts but its own. */
export function renderObject(object: StoredObject): PartialMessage<GrpcTypes.Object> {
  const rendered: PartialMessage<GrpcTypes.Object> = {
    bcs: { name: 'Object', value: objectBcs(object) },
    objectId: object.id,
    version: object.version,
    digest: object.digest,
    owner: renderOwner(object.owner),
    objectType: object.type,
    hasPublicTransfer: hasPublicTransfer(object.type),
    contents: { name: object.type, value: object.contents },
    previousTransaction: object.previousTransaction,
    storageRebate: object.storageRebate,
  };
  const json = toValue(objectJson(object.type, object.contents));
  if (json !== undefined) rendered.json = json;
  if (coinTypeOf(object.type) !== undefined) rendered.balance = coinBalance(object.contents);
  return rendered;
}

/** What a read of objects gives where the client named no fields. */
export const DEFAULT_OBJECT_FIELDS: readonly string[] = ['object_id', 'version', 'digest'];

export function maskedObject(object: StoredObject, mask: ReadMask<GrpcTypes.Object>): GrpcTypes.Object {
  return mask.apply(renderObject(object));
}
