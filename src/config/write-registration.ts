import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { access, open, readFile, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { AtomaError, messageOf } from '../core/index.js';
import { type LineChange, setTomlValue } from './edit-toml.js';
import { ConfigError, type ConfigProblem } from './problem.js';
import { type ConfigPaths, readSections } from './read-sections.js';
import type { Section } from './section.js';
import { readSourceFile } from './source-file.js';

/** Above this a TOML integer, which has a sign, cannot hold a u64. */
const I64_MAX = 2n ** 63n - 1n;

/** Some editors begin UTF-8 with it. */
const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf]);

/** What a registration gives a node. */
export interface RegistrationIds {
  readonly nodeBadgeId: string;
  readonly smallId: bigint;
}

/** A file as it is and as it is to be. */
export interface FileEdit {
  readonly file: string;
  readonly before: string;
  readonly after: string;
  /** In the order of the file. */
  readonly changes: readonly LineChange[];
}

/**
 * How a configuration gets the ids of a registration: `small_id` of the event subscriber, `node_badge_id` and
 * `small_id` of the client. Files that hold them already are left out; nothing is written.
 * @throws ConfigError for files that do not parse; AtomaError `config_not_editable`, `config_unwritable`
 */
export async function planRegistration(
  paths: ConfigPaths,
  ids: RegistrationIds,
): Promise<readonly FileEdit[]> {
  const problems: ConfigProblem[] = [];
  const { subscriber, client } = await readSections(paths, problems);
  if (problems.length > 0) throw new ConfigError(problems);
  const edits = new Map<string, FileEdit>();
  for (const { section, key, literal } of settingsOf(subscriber, client, ids)) {
    const { file } = section.document;
    const edit = edits.get(file) ?? (await openEdit(file));
    edits.set(file, changed(edit, section, key, literal));
  }
  const needed = [...edits.values()].filter(({ before, after }) => before !== after);
  for (const { file } of needed) await checkWritable(file);
  return needed;
}

/**
 * Puts edited files in the place of the old ones, each at once or not at all, with the mode that it had.
 * @throws AtomaError `config_unwritable`, `config_changed` where a file is not the one that was planned for
 */
export async function writeEdits(edits: readonly FileEdit[]): Promise<void> {
  for (const edit of edits) {
    if ((await readSourceFile(edit.file)) !== edit.before) {
      throw new AtomaError('config_changed', `${edit.file} was changed meanwhile, and is left as it is`, {
        fields: { file: edit.file },
      });
    }
    await replaceFile(edit.file, edit.after).catch((cause: unknown) => {
      throw unwritable(edit.file, cause);
    });
  }
}

interface Setting {
  readonly section: Section;
  readonly key: string;
  /** As TOML has it. */
  readonly literal: string;
}

function settingsOf(
  subscriber: Section | undefined,
  client: Section | undefined,
  { nodeBadgeId, smallId }: RegistrationIds,
): readonly Setting[] {
  const small = smallId > I64_MAX ? `"${smallId}"` : `${smallId}`;
  const ofSubscriber = subscriber && { section: subscriber, key: 'small_id', literal: small };
  const ofClient = client && [
    { section: client, key: 'node_badge_id', literal: JSON.stringify(nodeBadgeId) },
    { section: client, key: 'small_id', literal: small },
  ];
  return [...(ofSubscriber ? [ofSubscriber] : []), ...(ofClient ?? [])];
}

async function openEdit(file: string): Promise<FileEdit> {
  const source = await readSourceFile(file);
  return { file, before: source, after: source, changes: [] };
}

function changed(edit: FileEdit, { path }: Section, key: string, literal: string): FileEdit {
  const edited = setTomlValue(edit.after, [...path, key], literal);
  if (edited === undefined) {
    const table = path.length === 0 ? '' : ` in [${path.join('.')}]`;
    throw new AtomaError(
      'config_not_editable',
      `${edit.file}: ${key} cannot be put in without changing more than that; write ${key} = ${literal}${table} by hand`,
      { fields: { file: edit.file, key, literal } },
    );
  }
  const { source, change } = edited;
  return { ...edit, after: source, changes: change === undefined ? edit.changes : [...edit.changes, change] };
}

async function checkWritable(file: string): Promise<void> {
  try {
    const path = await realpath(file);
    await access(path, constants.W_OK);
    // The new file is made beside the old one.
    await access(dirname(path), constants.W_OK);
  } catch (cause) {
    throw unwritable(file, cause);
  }
}

/** Where the file is a link, what it leads to is replaced. */
async function replaceFile(file: string, text: string): Promise<void> {
  const path = await realpath(file);
  // Reading took the mark away, if there was one.
  const mark = (await readFile(path)).subarray(0, BYTE_ORDER_MARK.length).equals(BYTE_ORDER_MARK);
  const { mode, uid, gid } = await stat(path);
  const temporary = join(dirname(path), `.${basename(path)}.${randomUUID()}`);
  try {
    const handle = await open(temporary, 'wx', mode);
    try {
      await handle.chmod(mode);
      // Another user's file stays theirs, where this one may say so.
      await handle.chown(uid, gid).catch(() => undefined);
      await handle.writeFile(mark ? Buffer.concat([BYTE_ORDER_MARK, Buffer.from(text)]) : text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

function unwritable(file: string, cause: unknown): AtomaError {
  const message = `${file} cannot be written (${messageOf(cause)}); check the owner and mode of the file and of its folder`;
  return new AtomaError('config_unwritable', message, { cause, fields: { file } });
}
