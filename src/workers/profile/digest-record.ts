import { randomUUID } from 'node:crypto';
import type { Stats } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { z } from 'zod';

const PRIVATE_FILE_MODE = 0o600;
const PRIVATE_FOLDER_MODE = 0o700;

const entry = z.object({
  bytes: z.number(),
  changedMs: z.number(),
  inode: z.number(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});
const recordSchema = z.object({ version: z.literal(1), files: z.record(z.string(), entry) });

type Files = z.output<typeof recordSchema>['files'];
type About = Pick<Stats, 'size' | 'mtimeMs' | 'ino'>;

/** What files hashed to, by path, for as long as they stay as they are. It is a cache: it may be deleted. */
export class DigestRecord {
  readonly #path: string;

  /** @param path default: in the user's cache folder (`$XDG_CACHE_HOME`, else `~/.cache`) */
  constructor(path = join(cacheHome(), 'atoma-node', 'weights-sha256.json')) {
    this.#path = path;
  }

  /** undefined for a file that is not known, or has changed. */
  async read(file: string, about: About): Promise<string | undefined> {
    const known = (await this.#files())[file];
    const isSame =
      known?.bytes === about.size && known.changedMs === about.mtimeMs && known.inode === about.ino;
    return isSame ? known.sha256 : undefined;
  }

  /** Where the folder cannot be written, nothing is remembered. */
  async write(file: string, about: About, sha256: string): Promise<void> {
    const added = { bytes: about.size, changedMs: about.mtimeMs, inode: about.ino, sha256 };
    const files: Files = { ...(await this.#files()), [file]: added };
    const draft = `${this.#path}.${randomUUID()}`;
    try {
      await mkdir(dirname(this.#path), { recursive: true, mode: PRIVATE_FOLDER_MODE });
      await writeFile(draft, JSON.stringify({ version: 1, files }), { mode: PRIVATE_FILE_MODE });
      await rename(draft, this.#path);
    } catch {
      await rm(draft, { force: true });
    }
  }

  async #files(): Promise<Files> {
    try {
      const parsed = recordSchema.safeParse(JSON.parse(await readFile(this.#path, 'utf8')));
      return parsed.success ? parsed.data.files : {};
    } catch {
      return {};
    }
  }
}

/** As the XDG base directory specification has it: a relative path does not count. */
function cacheHome(): string {
  const given = process.env['XDG_CACHE_HOME'] ?? '';
  return given.startsWith('/') ? given : join(homedir(), '.cache');
}
