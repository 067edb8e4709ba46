import { open, rename, rm } from 'node:fs/promises';
import { AtomaError, messageOf } from '../core/index.js';

/** What it holds is not for other users of the machine. */
const PRIVATE_FILE_MODE = 0o600;

/**
 * Writes a file that its owner alone may read: whole, or not at all, also over a power cut. One that is there
 * already is replaced.
 * @throws AtomaError `file_unwritable`
 */
export async function writePrivateFile(path: string, text: string): Promise<void> {
  const draft = `${path}.${process.pid}.part`;
  try {
    const file = await open(draft, 'wx', PRIVATE_FILE_MODE);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(draft, path);
  } catch (cause) {
    await rm(draft, { force: true });
    throw new AtomaError('file_unwritable', `${path} cannot be written: ${messageOf(cause)}`, {
      fields: { path },
      cause,
    });
  }
}
