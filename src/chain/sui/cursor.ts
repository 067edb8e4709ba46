import { z } from 'zod';
import { AtomaError } from '../../core/index.js';

/** A place in a chain's history. */
export interface Position {
  /** The full node's own opaque cursor. */
  readonly cursor: Uint8Array;
  /** The newest checkpoint known to be wholly before this place. */
  readonly checkpoint: bigint | undefined;
}

/** What a cursor is good for: a chain and the package whose events are followed. */
export interface CursorScope {
  readonly chainId: string;
  readonly packageId: string;
}

const BASE64URL = z.string().regex(/^[A-Za-z0-9_-]+$/);
const CursorRecord = z.strictObject({
  v: z.literal(1),
  chain: z.string(),
  package: z.string(),
  cursor: BASE64URL,
  checkpoint: z
    .string()
    .regex(/^\d{1,20}$/)
    .optional(),
});

/** A position as the text that callers keep: base64url of JSON, with the scope it belongs to. */
export function formatCursor(scope: CursorScope, position: Position): string {
  const record: z.infer<typeof CursorRecord> = {
    v: 1,
    chain: scope.chainId,
    package: scope.packageId,
    cursor: Buffer.from(position.cursor).toString('base64url'),
    checkpoint: position.checkpoint?.toString(),
  };
  return Buffer.from(JSON.stringify(record)).toString('base64url');
}

/**
 * Back from the text to the position.
 * @throws AtomaError `invalid_cursor` for a text that is no cursor, `foreign_cursor` for a cursor of another
 * chain or package.
 */
export function parseCursor(scope: CursorScope, text: string): Position {
  const record = CursorRecord.safeParse(readJson(text));
  if (!record.success) {
    throw new AtomaError(
      'invalid_cursor',
      `${JSON.stringify(text.slice(0, 80))} is no cursor of this node; hand back a cursor as it was given, or none to start at the chain's tip`,
    );
  }
  const { chain, package: packageId, cursor, checkpoint } = record.data;
  if (chain !== scope.chainId) throw foreign('chain', chain, scope.chainId);
  if (packageId !== scope.packageId) throw foreign('package', packageId, scope.packageId);
  return {
    cursor: Uint8Array.from(Buffer.from(cursor, 'base64url')),
    checkpoint: checkpoint === undefined ? undefined : BigInt(checkpoint),
  };
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
  } catch {
    return undefined;
  }
}

function foreign(what: 'chain' | 'package', found: string, wanted: string): AtomaError {
  return new AtomaError(
    'foreign_cursor',
    `the cursor belongs to ${what} ${found}, but the node follows ${what} ${wanted}; going on from it would skip events. Use the endpoint and package it was made with, or give no cursor to start at the chain's tip.`,
    { fields: { what, found, wanted } },
  );
}
