const MS_PER_S = 1_000n;
const NANOS_PER_MS = 1_000_000;

/** A protobuf timestamp in ms since 1970. */
export function millisecondsOf(time: { readonly seconds: bigint; readonly nanos: number }): number {
  return Number(time.seconds * MS_PER_S) + Math.floor(time.nanos / NANOS_PER_MS);
}
