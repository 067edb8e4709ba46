import { addAbortSignal } from 'node:stream';
import { AtomaError } from '../core/index.js';

/** Beyond any model's context, and what RPC takes at most. */
const MAX_PROMPT_BYTES = 1024 * 1024;

/**
 * The prompt as it was given, or all of stdin for `-`.
 * @throws AtomaError `invalid_params` where it is too long or no UTF-8
 */
export async function promptFrom(argument: string, signal: AbortSignal): Promise<string> {
  return argument === '-' ? await readAll(addAbortSignal(signal, process.stdin)) : argument;
}

async function readAll(input: AsyncIterable<Uint8Array | string>): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of input) {
    const piece = Buffer.from(chunk);
    bytes += piece.length;
    if (bytes > MAX_PROMPT_BYTES) throw invalid(`is longer than ${MAX_PROMPT_BYTES} bytes`);
    chunks.push(piece);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks));
  } catch {
    throw invalid('is no UTF-8');
  }
}

function invalid(how: string): AtomaError {
  return new AtomaError('invalid_params', `the prompt on stdin ${how}; give a shorter one as UTF-8 text`);
}
