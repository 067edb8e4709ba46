import { createInterface } from 'node:readline/promises';
import { EXIT } from './exit.js';

/** Asks a yes-or-no question on the terminal; anything but a yes is a no, Ctrl-D too. Ctrl-C ends the command. */
export async function confirm(question: string): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  terminal.once('SIGINT', () => process.exit(EXIT.interrupted));
  const left = new Promise<string>((resolve) => terminal.once('close', () => resolve('')));
  try {
    const answer = await Promise.race([terminal.question(`${question} [y/N] `), left]);
    return /^y(es)?$/i.test(answer.trim());
  } finally {
    terminal.close();
  }
}
