import { readFile, stat } from 'node:fs/promises';
import type { z } from 'zod';
import { AtomaError, formatBytes, messageOf } from '../../core/index.js';
import { EVIDENCE_FORMAT, EVIDENCE_VERSION, type Evidence, EvidenceSchema } from '../../rpc/index.js';

/** A context of a million tokens, as JSON, with room. */
const MAX_FILE_BYTES = 64 * 1024 ** 2;
/** Problems that are named; who mends these sees the others next time. */
const MAX_PROBLEMS = 5;
const MAX_REASON_LENGTH = 1000;

/**
 * Evidence from a file of anybody's.
 * @throws AtomaError `bad_evidence` where it is none: the message says where in the file, and what was wanted
 */
export async function readEvidenceFile(path: string): Promise<Evidence> {
  return parseEvidence(path, await textOf(path));
}

async function textOf(path: string): Promise<string> {
  try {
    const { size } = await stat(path);
    if (size > MAX_FILE_BYTES) {
      throw bad(
        path,
        `it has ${formatBytes(size)}, more than the ${formatBytes(MAX_FILE_BYTES)} that are read`,
      );
    }
    return new TextDecoder('utf-8', { fatal: true }).decode(await readFile(path));
  } catch (error) {
    if (error instanceof AtomaError) throw error;
    throw bad(path, error instanceof TypeError ? 'it is no UTF-8' : messageOf(error), error);
  }
}

function parseEvidence(path: string, text: string): Evidence {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw bad(path, `it is no JSON: ${syntaxProblem(text, messageOf(error))}`, error);
  }
  const version = versionOf(value);
  if (version === undefined) throw bad(path, `it is not in the format ${EVIDENCE_FORMAT}`);
  if (version !== EVIDENCE_VERSION) {
    throw bad(path, `it has version ${version}, and this program reads version ${EVIDENCE_VERSION}`);
  }
  const parsed = EvidenceSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw bad(path, parsed.error.issues.slice(0, MAX_PROBLEMS).map(describe).join('; '));
}

/** The message of `JSON.parse`, with line and column where it has none of its own. */
function syntaxProblem(text: string, message: string): string {
  const position = /at position (\d+)(?! \(line)/.exec(message)?.[1];
  if (position === undefined) return message;
  const before = text.slice(0, Number(position)).split('\n');
  return `${message} (line ${before.length} column ${(before.at(-1)?.length ?? 0) + 1})`;
}

function versionOf(value: unknown): string | number | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  if (!('format' in value) || value.format !== EVIDENCE_FORMAT || !('version' in value)) return undefined;
  return typeof value.version === 'number' ? value.version : JSON.stringify(value.version)?.slice(0, 20);
}

function describe({ path, message }: z.core.$ZodIssue): string {
  return path.length === 0 ? message : `${path.join('.')}: ${message}`;
}

/** What is wrong is told in words of the file, which may be anybody's: short, and nothing that steers a terminal. */
function bad(path: string, why: string, cause?: unknown): AtomaError {
  const shown = why.replace(/\p{Cc}/gu, '\ufffd').slice(0, MAX_REASON_LENGTH);
  return new AtomaError('bad_evidence', `${path} cannot be used as evidence: ${shown}`, {
    fields: { path },
    cause,
  });
}
