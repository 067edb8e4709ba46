/** ms since 1970 as `google.protobuf.Timestamp`. */
export function timestamp(ms: number): { readonly seconds: bigint; readonly nanos: number } {
  const whole = Math.floor(ms);
  return { seconds: BigInt(Math.floor(whole / 1000)), nanos: (whole % 1000) * 1_000_000 };
}
