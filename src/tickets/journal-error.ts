import { AtomaError, messageOf } from '../core/index.js';

/** SQLite's primary result codes: https://www.sqlite.org/rescode.html */
const RESULT = {
  busy: 5,
  locked: 6,
  readonly: 8,
  ioerr: 10,
  corrupt: 11,
  full: 13,
  cantopen: 14,
  notadb: 26,
};

/** The extended codes keep the primary one in their low byte. */
const PRIMARY_MASK = 0xff;

/** What an operator can do about each failure. */
const CAUSES: ReadonlyMap<number, { readonly code: string; readonly advice: string }> = new Map([
  [
    RESULT.full,
    { code: 'journal_disk_full', advice: 'the disk is full; free space, the node goes on by itself' },
  ],
  [
    RESULT.readonly,
    { code: 'journal_unwritable', advice: 'it cannot be written; check the owner and mode of the folder' },
  ],
  [
    RESULT.cantopen,
    {
      code: 'journal_unwritable',
      advice: 'it cannot be opened; check that its folder exists and may be written',
    },
  ],
  [
    RESULT.corrupt,
    {
      code: 'journal_corrupt',
      advice:
        'the file is damaged. It holds what this node has committed to: restore it from a backup. Moving it away loses the guard against a second, different commitment',
    },
  ],
  [
    RESULT.notadb,
    { code: 'journal_corrupt', advice: 'the file is no journal; move it away or set another data_dir' },
  ],
  [
    RESULT.ioerr,
    { code: 'journal_io_error', advice: 'the disk failed; check the log of the operating system' },
  ],
  [RESULT.busy, { code: 'journal_busy', advice: 'another program holds it; end that program' }],
  [RESULT.locked, { code: 'journal_busy', advice: 'another program holds it; end that program' }],
]);

/** A failure of SQLite as an error of the journal: `journal_disk_full`, `journal_corrupt`, … */
export function journalError(path: string, doing: string, error: unknown): AtomaError {
  if (error instanceof AtomaError) return error;
  const known = CAUSES.get(resultCode(error) & PRIMARY_MASK);
  const code = known?.code ?? 'journal_failed';
  const advice = known === undefined ? '' : `: ${known.advice}`;
  return new AtomaError(code, `the journal ${path}, ${doing}: ${messageOf(error)}${advice}`, {
    fields: { path },
    cause: error,
  });
}

/** True for a failure to write that may pass: the write can be tried again. */
export function isJournalError(error: unknown): error is AtomaError {
  return error instanceof AtomaError && error.code.startsWith('journal_');
}

function resultCode(error: unknown): number {
  if (typeof error !== 'object' || error === null) return 0;
  const code: unknown = Reflect.get(error, 'errcode');
  return typeof code === 'number' ? code : 0;
}
