import type { OwnedBadge } from '../chain/index.js';
import { type ConfigPaths, type FileEdit, planRegistration, writeEdits } from '../config/index.js';
import { messageOf } from '../core/index.js';
import { EXIT, writeLine } from './exit.js';

/** Tells the ids of a registration: `found` in the wallet, or `registered` just now. */
export function sayRegistration(
  { badgeId, smallId }: OwnedBadge,
  how: 'found' | 'registered',
  json: boolean,
): void {
  if (json) {
    writeLine({ type: how, node_badge_id: badgeId, small_id: smallId });
    return;
  }
  const text = how === 'found' ? 'the wallet owns a registration already' : 'registered';
  process.stdout.write(`${text}:\n  node_badge_id = "${badgeId}"\n  small_id = ${smallId}\n`);
}

/**
 * Puts the ids into the configuration files, and tells which lines changed. Money was spent for them: where that
 * fails, they are told once more.
 * @returns the exit code
 */
export async function keepRegistration(
  paths: ConfigPaths,
  { badgeId, smallId }: OwnedBadge,
  json: boolean,
): Promise<number> {
  try {
    const edits = await planRegistration(paths, { nodeBadgeId: badgeId, smallId });
    await writeEdits(edits);
    for (const edit of edits) sayEdit(edit, json);
    if (edits.length === 0 && !json) process.stdout.write('the configuration has these ids already\n');
    return EXIT.done;
  } catch (error) {
    const ids = `node_badge_id = "${badgeId}" and small_id = ${smallId}`;
    process.stderr.write(
      `error: ${messageOf(error)}\nThe registration stands: put ${ids} into the files yourself.\n`,
    );
    return EXIT.failed;
  }
}

function sayEdit({ file, changes }: FileEdit, json: boolean): void {
  for (const { line, before, after } of changes) {
    if (json) writeLine({ type: 'config', file, line, before: before ?? null, after });
    else {
      const old = before === undefined ? '' : `- ${before}\n`;
      process.stdout.write(`${file}:${line}\n${old}+ ${after}\n`);
    }
  }
}
