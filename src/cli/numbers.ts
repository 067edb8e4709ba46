import { InvalidArgumentError } from 'commander';
import { U64_MAX } from '../core/index.js';

const MAX_PORT = 65_535;

/** @throws InvalidArgumentError naming the flag. */
export function portOf(flag: string, text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > MAX_PORT || text.trim() === '') {
    throw new InvalidArgumentError(`${flag} is ${JSON.stringify(text)}, wanted a port from 0 to ${MAX_PORT}`);
  }
  return port;
}

/** @throws InvalidArgumentError naming the flag. */
export function positiveOf(flag: string, text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) {
    throw new InvalidArgumentError(`${flag} is ${JSON.stringify(text)}, wanted a whole number above 0`);
  }
  return value;
}

/**
 * A checkpoint's sequence number, a u64.
 * @throws InvalidArgumentError naming the flag.
 */
export function checkpointOf(flag: string, text: string): bigint {
  const value = /^\d{1,20}$/.test(text) ? BigInt(text) : undefined;
  if (value === undefined || value > U64_MAX) {
    throw new InvalidArgumentError(`${flag} is ${JSON.stringify(text)}, wanted a checkpoint's number`);
  }
  return value;
}

/**
 * A whole number that the contract keeps as a u64.
 * @throws InvalidArgumentError naming the flag.
 */
export function u64Of(flag: string, text: string): bigint {
  const value = /^\d{1,20}$/.test(text) ? BigInt(text) : undefined;
  if (value === undefined || value > U64_MAX) {
    throw new InvalidArgumentError(
      `${flag} is ${JSON.stringify(text)}, wanted a whole number from 0 to ${U64_MAX}`,
    );
  }
  return value;
}

/**
 * Any number; what it has to be is checked with what it means.
 * @throws InvalidArgumentError naming the flag.
 */
export function numberOf(flag: string, text: string): number {
  const value = Number(text);
  if (Number.isNaN(value) || text.trim() === '') {
    throw new InvalidArgumentError(`${flag} is ${JSON.stringify(text)}, wanted a number`);
  }
  return value;
}
