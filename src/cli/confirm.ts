import { createInterface } from 'node:readline/promises';
import { EXIT } from './exit.js';

/** Asks a yes-or-no question on the terminal; anything but a yes is a no. Ctrl-C ends the command. */
export async function confirm(question: string): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  terminal.once('SIGINT', () => process.exit(EXIT.interrupted));
  try {
    return /^y(es)?$/i.test((await terminal.question(`${question} [y/N] `)).trim());
  } finally {
    terminal.close();
  }
}
