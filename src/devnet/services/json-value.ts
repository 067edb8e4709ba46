import { GrpcTypes } from '@mysten/sui/grpc';

/** JSON as `google.protobuf.Value`, which the SDK does not export by name; undefined stays what it is. */
export function toValue(json: unknown): GrpcTypes.Event['json'] {
  if (json === undefined) return undefined;
  const field = GrpcTypes.Event.fields.find(({ name }) => name === 'json');
  // A round trip through text leaves plain JSON, whatever the value was made of.
  return field?.kind === 'message' ? field.T().fromJson(JSON.parse(JSON.stringify(json))) : undefined;
}
