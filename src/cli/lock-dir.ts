import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';

/** One folder a user: nodes of one machine that share a badge meet there, whatever their configuration. */
export function lockDir(): string {
  return join(tmpdir(), `atoma-node-${userInfo().uid}`);
}
