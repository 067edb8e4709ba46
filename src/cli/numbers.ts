import { InvalidArgumentError } from 'commander';

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
