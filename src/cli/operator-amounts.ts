import type { TokenInfo } from '../chain/index.js';
import { decimalText } from '../core/index.js';

const SUI_DECIMALS = 9;

/** `1.0 TOMA`, exact. */
export function tokenText(amount: bigint, { symbol, decimals }: TokenInfo): string {
  return `${decimalText(amount, decimals)} ${symbol}`;
}

/** `0.0025 SUI` of an amount in MIST, exact. */
export function suiText(mist: bigint): string {
  return `${decimalText(mist, SUI_DECIMALS)} SUI`;
}
