import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { DigestRecord } from './digest-record.js';

/** Read at once: hashing it takes a millisecond or two, in which the event loop stands still. */
const CHUNK_BYTES = 1024 ** 2;
/** Hashing so much takes some tenths of a second: smaller files are not worth remembering. */
const REMEMBERED_BYTES = 256 * 1024 ** 2;

/**
 * sha256 of a file, 64 hexadecimal digits. That of a large one is remembered, and taken again while the file has
 * the same size, time of change and inode.
 * @throws Error where the file cannot be read, or changes meanwhile.
 */
export async function digestOf(file: string, record: DigestRecord = new DigestRecord()): Promise<string> {
  const about = await stat(file);
  const isLarge = about.size >= REMEMBERED_BYTES;
  const known = isLarge ? await record.read(file, about) : undefined;
  if (known !== undefined) return known;
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file, { highWaterMark: CHUNK_BYTES })) hash.update(chunk);
  const sha256 = hash.digest('hex');
  if (isLarge) await record.write(file, about, sha256);
  return sha256;
}
