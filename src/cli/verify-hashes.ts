import { open } from 'node:fs/promises';
import { addAbortSignal, type Readable } from 'node:stream';
import { InvalidArgumentError } from 'commander';
import { commitmentLeaf, commitmentRoot, MAX_CHUNKS } from '../chain/index.js';
import { AtomaError, formatBytes, messageOf } from '../core/index.js';
import { EXIT, writeLine } from './exit.js';
import { u64Of } from './numbers.js';
import type { VerifyFlags } from './verify-flags.js';

/** An answer that fills a context of a million tokens, with room. */
const MAX_TEXT_BYTES = 64 * 1024 ** 2;

/** `verify --root`: whether a text has a root, and which leaf is its own. */
export async function checkHashes(flags: VerifyFlags, signal: AbortSignal): Promise<number> {
  const root = hashOf('--root', wanted('--root', flags.root));
  const index = u64Of('--index', wanted('--index', flags.index));
  const chunks = u64Of('--chunks', wanted('--chunks', flags.chunks));
  const leaf = flags.leaf === undefined ? undefined : hashOf('--leaf', flags.leaf);
  if (chunks < 1n || chunks > MAX_CHUNKS) throw wrong('--chunks', chunks, `1 to ${MAX_CHUNKS}`);
  if (index >= chunks) throw wrong('--index', index, `0 to ${chunks - 1n}, since --chunks is ${chunks}`);
  const data = await bytesOf(wanted('--text', flags.text), signal);
  const computed = {
    root: Buffer.from(commitmentRoot(data, chunks)).toString('hex'),
    leaf: Buffer.from(commitmentLeaf(data, index)).toString('hex'),
  };
  const isEqual = computed.root === root && (leaf === undefined || computed.leaf === leaf);
  const verdict = isEqual ? 'equal' : 'differs';
  if (flags.json) {
    const given = { given_root: root, given_leaf: leaf ?? null };
    writeLine({ type: 'hashes', verdict, ...computed, ...given, leaf_index: index, chunks_count: chunks });
  } else {
    const line = (name: string, value: string, asked: string | undefined): string =>
      `${name}  ${value}${asked === undefined || asked === value ? '' : `  and not ${asked}`}\n`;
    process.stdout.write(
      `${verdict}: ${data.length} bytes of text, leaf ${index} of ${chunks}\n${line('root', computed.root, root)}${line('leaf', computed.leaf, leaf)}`,
    );
  }
  return isEqual ? EXIT.done : EXIT.failed;
}

function wanted(flag: string, value: string | undefined): string {
  if (value !== undefined) return value;
  throw new InvalidArgumentError(
    `${flag} is missing: hashes are checked with --root, --index, --chunks and --text`,
  );
}

function hashOf(flag: string, text: string): string {
  const digits = text.replace(/^0x/i, '').toLowerCase();
  if (/^[0-9a-f]{64}$/.test(digits)) return digits;
  throw new InvalidArgumentError(`${flag} is ${JSON.stringify(text)}, wanted 64 hexadecimal digits`);
}

function wrong(flag: string, value: bigint, range: string): Error {
  return new InvalidArgumentError(`${flag} is ${value}, wanted ${range}`);
}

/** @throws AtomaError `bad_evidence` where it cannot be read or is too long */
async function bytesOf(path: string, signal: AbortSignal): Promise<Uint8Array> {
  try {
    if (path === '-') return await collect(addAbortSignal(signal, process.stdin));
    const file = await open(path);
    return await collect(file.createReadStream());
  } catch (error) {
    if (error instanceof AtomaError || signal.aborted) throw error;
    throw new AtomaError('bad_evidence', `--text ${path} cannot be read: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

async function collect(input: Readable): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of input) {
    const piece = Buffer.from(chunk);
    bytes += piece.length;
    if (bytes > MAX_TEXT_BYTES) {
      throw new AtomaError('bad_evidence', `the text is longer than ${formatBytes(MAX_TEXT_BYTES)}`);
    }
    chunks.push(piece);
  }
  return Buffer.concat(chunks);
}
