import { bcs } from '@mysten/sui/bcs';
import { GrpcTypes } from '@mysten/sui/grpc';
import { normalizeSuiAddress, toHex } from '@mysten/sui/utils';
import type { PartialMessage } from '@protobuf-ts/runtime';
import type { ObjectStore, StoredObject } from '../ledger/objects.js';
import { SUI_FRAMEWORK } from '../move/addresses.js';
import { formatType, parseType } from '../move/types.js';
import { renderObject } from './render-object.js';

export const DYNAMIC_FIELD_TYPE = `${SUI_FRAMEWORK}::dynamic_field::Field`;
/** Keys of fields whose value is an object with an id of its own. */
const OBJECT_KEY_PREFIX = `${SUI_FRAMEWORK}::dynamic_object_field::Wrapper<`;
const ID_BYTES = 32;

/** A dynamic field: what it is called, and what it holds. */
export function renderDynamicField(
  parent: string,
  field: StoredObject,
  objects: ObjectStore,
): PartialMessage<GrpcTypes.DynamicField> {
  const { nameType, valueType } = fieldTypes(field.type);
  const nameBytes = nameLength(nameType, field.contents);
  const name = field.contents.subarray(ID_BYTES, ID_BYTES + nameBytes);
  const value = field.contents.subarray(ID_BYTES + nameBytes);
  const rendered: PartialMessage<GrpcTypes.DynamicField> = {
    kind: GrpcTypes.DynamicField_DynamicFieldKind.FIELD,
    parent,
    fieldId: field.id,
    fieldObject: GrpcTypes.Object.create(renderObject(field)),
    name: { name: nameType, value: name },
    value: { name: valueType, value },
    valueType,
  };
  if (!nameType.startsWith(OBJECT_KEY_PREFIX)) return rendered;
  const childId = normalizeSuiAddress(toHex(value));
  const child = objects.get(childId);
  const named = { ...rendered, kind: GrpcTypes.DynamicField_DynamicFieldKind.OBJECT, childId };
  if (child === undefined) return named;
  return { ...named, valueType: child.type, childObject: GrpcTypes.Object.create(renderObject(child)) };
}

function fieldTypes(type: string): { readonly nameType: string; readonly valueType: string } {
  const parsed = parseType(type);
  const [name, value] = parsed.kind === 'struct' ? parsed.typeArguments : [];
  return { nameType: name ? formatType(name) : '', valueType: value ? formatType(value) : '' };
}

/** How many bytes the key takes: keys on this chain are ids and strings. */
function nameLength(nameType: string, contents: Uint8Array): number {
  if (nameType.startsWith(OBJECT_KEY_PREFIX)) return ID_BYTES;
  const name = bcs.string().parse(contents.subarray(ID_BYTES));
  return bcs.string().serialize(name).toBytes().length;
}
