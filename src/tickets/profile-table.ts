import { z } from 'zod';
import type { NumericProfile } from '../core/index.js';
import type { Database } from './database.js';
import { profileFromJson, profileToJson } from './json.js';

/** A numeric profile, and which model had it on which device. */
export interface KeptProfile {
  readonly profile: NumericProfile;
  /** The name that prompts use. */
  readonly model: string;
  /** Label of the device. */
  readonly device: string;
  /** ms since 1970. */
  readonly firstSeenAtMs: number;
  /** When the model was last loaded with it, ms since 1970. */
  readonly lastSeenAtMs: number;
}

const Row = z.object({
  profile: z.string(),
  model: z.string(),
  device: z.string(),
  first_seen_at: z.number(),
  last_seen_at: z.number(),
});

/** Every numeric profile that this node has ever had: what its answers are to be repeated with. */
export class ProfileTable {
  readonly #database: Database;
  readonly #now: () => number;

  constructor(modules: { readonly database: Database; readonly now: () => number }) {
    this.#database = modules.database;
    this.#now = modules.now;
  }

  keep(profile: NumericProfile, model: string, device: string): void {
    const nowMs = this.#now();
    this.#database.run(
      `INSERT INTO profiles (id, model, device, profile, first_seen_at, last_seen_at) VALUES (?, ?, ?, ?, ?, ?)
        ON CONFLICT (id, model, device) DO UPDATE SET last_seen_at = excluded.last_seen_at`,
      ...[profile.id, model, device, profileToJson(profile)],
      ...[nowMs, nowMs],
    );
  }

  find(id: string): NumericProfile | undefined {
    const found = this.#database.get('SELECT profile FROM profiles WHERE id = ? LIMIT 1', id);
    return found === undefined
      ? undefined
      : profileFromJson(Row.pick({ profile: true }).parse(found).profile);
  }

  /** The newest of each model on each device. */
  last(): readonly KeptProfile[] {
    // SQLite takes the other columns from the row that has the maximum: https://sqlite.org/lang_select.html#bareagg
    const sql = `SELECT profile, model, device, first_seen_at, max(last_seen_at) AS last_seen_at
      FROM profiles GROUP BY model, device ORDER BY model, device`;
    return this.#database
      .all(sql)
      .map((row) => Row.parse(row))
      .map((row) => ({
        profile: profileFromJson(row.profile),
        model: row.model,
        device: row.device,
        firstSeenAtMs: row.first_seen_at,
        lastSeenAtMs: row.last_seen_at,
      }));
  }
}
