import { z } from 'zod';
import { AtomaError, type Commitment, type SignedTransaction } from '../core/index.js';
import type { Database } from './database.js';

const Bytes = z.instanceof(Uint8Array);
const Row = z.object({ root: Bytes, leaf: Bytes, input_tokens: z.string(), output_tokens: z.string() });
const ProfileRow = z.object({ profile: z.string().nullable() });
const SignedRow = z.object({ digest: z.string(), bytes: Bytes, signature: Bytes });

/**
 * What this node has bound itself to, ticket by ticket, and the transactions that carry it. A row of
 * commitments is written before its transaction is signed and never changes: a node that commits two roots to
 * one ticket loses its whole collateral.
 */
export class CommitmentTable {
  readonly #database: Database;
  readonly #now: () => number;

  constructor(modules: { readonly database: Database; readonly now: () => number }) {
    this.#database = modules.database;
    this.#now = modules.now;
  }

  /**
   * Binds the node to a commitment; the same one again changes nothing.
   * @param profile id of the numeric profile that the answer was made with, where it is known
   * @throws AtomaError `conflicting_commitment` where the node is bound to another one for this ticket
   */
  bind(commitment: Commitment, profile: string | undefined): void {
    const bound = this.find(commitment.ticketId);
    if (bound === undefined) {
      this.#database.run(
        `INSERT INTO commitments (ticket_id, root, leaf, input_tokens, output_tokens, at, profile)
          VALUES (?, ?, ?, ?, ?, ?, ?)`,
        commitment.ticketId,
        commitment.root,
        commitment.leaf,
        commitment.inputTokens.toString(),
        commitment.outputTokens.toString(),
        this.#now(),
        profile ?? null,
      );
    } else if (!same(bound, commitment)) throw conflicting(bound, commitment);
  }

  find(ticketId: string): Commitment | undefined {
    const found = this.#database.get('SELECT * FROM commitments WHERE ticket_id = ?', ticketId);
    if (found === undefined) return undefined;
    const row = Row.parse(found);
    return {
      ticketId,
      root: row.root,
      leaf: row.leaf,
      inputTokens: BigInt(row.input_tokens),
      outputTokens: BigInt(row.output_tokens),
    };
  }

  /** Id of the numeric profile that a ticket's answer was made with; undefined where it is not known. */
  profileOf(ticketId: string): string | undefined {
    const found = this.#database.get('SELECT profile FROM commitments WHERE ticket_id = ?', ticketId);
    return found === undefined ? undefined : (ProfileRow.parse(found).profile ?? undefined);
  }

  /** Keeps the transaction for a ticket's commitment; a new one takes the place of one that could not run. */
  keepTransaction(ticketId: string, { digest, bytes, signature }: SignedTransaction): void {
    this.#database.run(
      'INSERT OR REPLACE INTO transactions (ticket_id, digest, bytes, signature, at) VALUES (?, ?, ?, ?, ?)',
      ticketId,
      digest,
      bytes,
      signature,
      this.#now(),
    );
  }

  transaction(ticketId: string): SignedTransaction | undefined {
    const found = this.#database.get('SELECT * FROM transactions WHERE ticket_id = ?', ticketId);
    return found === undefined ? undefined : SignedRow.parse(found);
  }
}

function same(a: Commitment, b: Commitment): boolean {
  return (
    Buffer.compare(a.root, b.root) === 0 &&
    Buffer.compare(a.leaf, b.leaf) === 0 &&
    a.inputTokens === b.inputTokens &&
    a.outputTokens === b.outputTokens
  );
}

function conflicting(bound: Commitment, refused: Commitment): AtomaError {
  const { ticketId } = bound;
  return new AtomaError(
    'conflicting_commitment',
    `ticket ${ticketId}: this node has committed to ${describe(bound)} and now computed ${describe(refused)}. The second one is refused, for two roots cost the collateral. The same prompt gave two answers: check model files, engine and devices for what changed.`,
    { fields: { ticketId, bound: describe(bound), refused: describe(refused) } },
  );
}

function describe({ root, inputTokens, outputTokens }: Commitment): string {
  return `root ${Buffer.from(root).toString('hex')} with ${inputTokens} + ${outputTokens} tokens`;
}
