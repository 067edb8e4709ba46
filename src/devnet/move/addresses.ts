import { normalizeSuiAddress } from '@mysten/sui/utils';

/** `std` */
export const MOVE_STDLIB = normalizeSuiAddress('0x1');
/** `sui` */
export const SUI_FRAMEWORK = normalizeSuiAddress('0x2');
/** `sui::random::Random`, shared. */
export const RANDOM_ID = normalizeSuiAddress('0x8');
/** `sui::clock::Clock`, shared. */
export const CLOCK_ID = normalizeSuiAddress('0x6');

export const SUI_COIN_TYPE = `${SUI_FRAMEWORK}::sui::SUI`;
export const RANDOM_TYPE = `${SUI_FRAMEWORK}::random::Random`;
export const CLOCK_TYPE = `${SUI_FRAMEWORK}::clock::Clock`;
