const MIST_PER_SUI = 1_000_000_000;

/** `0.01 SUI` of an amount in MIST; for people, not for money. */
export function suiText(mist: bigint): string {
  return `${Number((Number(mist) / MIST_PER_SUI).toPrecision(6))} SUI`;
}
