/**
 * The journal's schema, version by version: entry `n` takes a file from version `n` to `n + 1`, which SQLite
 * keeps as `user_version`. An entry never changes once a journal may have been written with it.
 *
 * u64 values are decimal text, since SQLite's integers are signed; times are ms since 1970; params, answers
 * and errors are JSON.
 */
export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE identity (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE cursors (
    chain TEXT NOT NULL,
    filter TEXT NOT NULL,
    cursor TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (chain, filter)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE tickets (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    event_id TEXT NOT NULL,
    params TEXT NOT NULL,
    leaf_index TEXT NOT NULL,
    chunks_count TEXT NOT NULL,
    output_destination BLOB NOT NULL,
    received_at INTEGER NOT NULL,
    deadline INTEGER NOT NULL,
    first_token_at INTEGER,
    state TEXT NOT NULL,
    answer TEXT,
    error TEXT,
    digest TEXT,
    late INTEGER NOT NULL DEFAULT 0
  ) STRICT;
  CREATE INDEX tickets_by_state ON tickets (state, deadline, late);

  CREATE TABLE steps (
    ticket INTEGER NOT NULL REFERENCES tickets (seq),
    n INTEGER NOT NULL,
    state TEXT NOT NULL,
    at INTEGER NOT NULL,
    reason TEXT,
    PRIMARY KEY (ticket, n)
  ) STRICT, WITHOUT ROWID;

  -- What this node has bound itself to. Never deleted: a second, different root costs the collateral.
  CREATE TABLE commitments (
    ticket_id TEXT PRIMARY KEY,
    root BLOB NOT NULL,
    leaf BLOB NOT NULL,
    input_tokens TEXT NOT NULL,
    output_tokens TEXT NOT NULL,
    at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;

  -- The transaction that carries a ticket's commitment, from before it was first sent.
  CREATE TABLE transactions (
    ticket_id TEXT PRIMARY KEY,
    digest TEXT NOT NULL,
    bytes BLOB NOT NULL,
    signature BLOB NOT NULL,
    at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;

  -- Prompts of open tickets, also of those that other nodes were sampled for: this one may be sampled later.
  -- Most of the rows there are, written as fast as a backlog comes in: they are appended, and found by a short
  -- hash of the ticket's id, since an index of random 66-byte ids would be rewritten all over.
  CREATE TABLE prompts (
    seq INTEGER PRIMARY KEY,
    hash INTEGER NOT NULL,
    ticket_id TEXT NOT NULL,
    event TEXT NOT NULL,
    seen_at INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX prompts_by_hash ON prompts (hash);

  -- Later samplings of this node whose prompt has still to be read from the chain.
  CREATE TABLE samplings (
    ticket_id TEXT PRIMARY KEY,
    leaf_index TEXT NOT NULL,
    deadline INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  `,
  `
  -- How many tickets are in each state: kept by the writes themselves, for counting would read every ticket
  -- that there ever was.
  CREATE TABLE ticket_counts (
    state TEXT PRIMARY KEY,
    n INTEGER NOT NULL,
    late INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  INSERT INTO ticket_counts SELECT state, count(*), sum(late) FROM tickets GROUP BY state;
  CREATE TRIGGER ticket_entered AFTER INSERT ON tickets BEGIN
    INSERT INTO ticket_counts VALUES (new.state, 1, new.late)
      ON CONFLICT (state) DO UPDATE SET n = n + 1, late = late + new.late;
  END;
  CREATE TRIGGER ticket_moved AFTER UPDATE OF state, late ON tickets
  WHEN old.state <> new.state OR old.late <> new.late BEGIN
    UPDATE ticket_counts SET n = n - 1, late = late - old.late WHERE state = old.state;
    INSERT INTO ticket_counts VALUES (new.state, 1, new.late)
      ON CONFLICT (state) DO UPDATE SET n = n + 1, late = late + new.late;
  END;

  -- The rowid, seq, ends every index: the newest of a state are found without sorting all of it, and the open
  -- tickets by deadline without looking at those that ended.
  DROP INDEX tickets_by_state;
  CREATE INDEX tickets_of_state ON tickets (state);
  CREATE INDEX tickets_open ON tickets (deadline)
    WHERE state IN ('received', 'running', 'answered', 'committing');
  `,
  `
  -- Tickets that this node has committed to, until they settle or are disputed, and when the chain is to be asked
  -- to settle them. waiting: their echelon has too few nodes.
  CREATE TABLE settlements (
    ticket_id TEXT PRIMARY KEY,
    model TEXT NOT NULL,
    due INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    sent INTEGER NOT NULL DEFAULT 0,
    waiting INTEGER NOT NULL DEFAULT 0
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX settlements_due ON settlements (due);
  CREATE INDEX settlements_waiting ON settlements (model) WHERE waiting = 1;
  INSERT INTO settlements (ticket_id, model, due)
    SELECT id, json_extract(params, '$.model'), deadline FROM tickets WHERE state = 'committed';

  -- Disputes over tickets of this node and, where it is an oracle, over those of others. due: when the node has
  -- something to do for it. verdict: what it found, from before it was first sent.
  CREATE TABLE disputes (
    seq INTEGER PRIMARY KEY,
    ticket_id TEXT NOT NULL UNIQUE,
    since INTEGER NOT NULL,
    cause TEXT NOT NULL,
    state TEXT NOT NULL,
    due INTEGER,
    attempts INTEGER NOT NULL DEFAULT 0,
    verdict TEXT,
    findings TEXT,
    counts_agree INTEGER,
    digest TEXT,
    settlement TEXT,
    oracle TEXT,
    own TEXT,
    note TEXT
  ) STRICT;
  CREATE INDEX disputes_due ON disputes (due) WHERE due IS NOT NULL;
  `,
];
