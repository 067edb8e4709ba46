import { randomUUID } from 'node:crypto';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { z } from 'zod';
import type { HubFile } from '../hub/answers.js';
import type { RepoFolder } from './layout.js';

const PRIVATE_FILE_MODE = 0o600;

const recordSchema = z.object({
  version: z.literal(1),
  /** Bytes of every blob that this program downloaded, by etag. */
  blobs: z.record(z.string().regex(/^[0-9a-f]{40,64}$/), z.number()),
  /** What the hub listed, by commit: tells a snapshot that is whole from one that is not. */
  commits: z.record(
    z.string(),
    z.array(z.object({ path: z.string(), bytes: z.number(), etag: z.string() }).readonly()).readonly(),
  ),
});

/** What this program remembers of a repository in the cache. */
export interface RepoRecord {
  readonly blobs: Readonly<Record<string, number>>;
  readonly commits: Readonly<Record<string, readonly HubFile[]>>;
}

const EMPTY: RepoRecord = { blobs: {}, commits: {} };

/** The record of a repository; one that is missing or damaged is empty: what is not known to be ours is not. */
export async function readRecord(folder: RepoFolder): Promise<RepoRecord> {
  try {
    const parsed = recordSchema.safeParse(JSON.parse(await readFile(folder.record, 'utf8')));
    return parsed.success ? parsed.data : EMPTY;
  } catch {
    return EMPTY;
  }
}

/** Writes it at once or not at all. Only who holds the folder's lock may. */
export async function writeRecord(folder: RepoFolder, record: RepoRecord): Promise<void> {
  const draft = `${folder.record}.${randomUUID()}`;
  try {
    await writeFile(draft, JSON.stringify({ version: 1, ...record }), { mode: PRIVATE_FILE_MODE });
    await rename(draft, folder.record);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}
