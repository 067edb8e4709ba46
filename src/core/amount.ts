/** An exact amount for people, of its smallest units: `1.5` of 1 500 000 000 with nine decimals, `1.0` of a whole. */
export function decimalText(amount: bigint, decimals: number): string {
  const sign = amount < 0n ? '-' : '';
  const digits = `${amount < 0n ? -amount : amount}`.padStart(decimals + 1, '0');
  const cut = digits.length - decimals;
  return `${sign}${digits.slice(0, cut)}.${digits.slice(cut).replace(/0+$/, '') || '0'}`;
}
