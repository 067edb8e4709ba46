const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;
const MIST_PER_SUI = 1_000_000_000;

/** `1.5 GiB` */
export function bytesText(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${UNITS[unit]}`;
}

/** `0.01 SUI` of an amount in MIST; for people, not for money. */
export function suiText(mist: bigint): string {
  return `${Number((Number(mist) / MIST_PER_SUI).toPrecision(6))} SUI`;
}
