import { Response } from 'undici';
import { notUnderstood } from './answers.js';
import { connectionFailure } from './failure.js';

/** A page of a list has 1 000 entries of some hundred bytes; a description with its chat template is smaller. */
const MAX_ANSWER_BYTES = 32 * 1024 * 1024;

/**
 * An answer that has come whole, so that whoever reads it meets no broken connection.
 * @throws AtomaError `hub_unreachable`; `hub_refused` for one that is too long
 */
export async function wholeAnswer(response: Response, endpoint: string): Promise<Response> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const chunk of response.body ?? []) {
      bytes += chunk.length;
      if (bytes > MAX_ANSWER_BYTES) break;
      chunks.push(chunk);
    }
  } catch (error) {
    throw connectionFailure(endpoint, error);
  }
  if (bytes > MAX_ANSWER_BYTES) throw notUnderstood(`it is longer than ${MAX_ANSWER_BYTES} bytes`);
  return new Response(Buffer.concat(chunks), { status: response.status, headers: response.headers });
}
