import type { Logger } from 'pino';
import { type ModelInfo, type NumericProfile, profileDifferences } from '../core/index.js';
import { isJournalError, type Journal, type KeptProfile } from '../tickets/index.js';

interface Modules {
  readonly journal: Journal;
  readonly logger: Logger;
}

/**
 * Keeps the numeric profiles of the models that were loaded in the journal, beside the commitments made with them,
 * and warns where a model had another one on that device when it was last loaded.
 */
export class ProfileWatch {
  readonly #modules: Modules;
  /** Ids by model and device, as they were noted last in this process: each load is written once. */
  readonly #noted = new Map<string, string>();

  constructor(modules: Modules) {
    this.#modules = modules;
  }

  /** To be called with all models that are loaded, whenever one was added. */
  note(models: readonly ModelInfo[]): void {
    const { journal, logger } = this.#modules;
    try {
      for (const model of models) this.#note(model);
    } catch (error) {
      if (!isJournalError(error)) throw error;
      // The next load tries again; until then, evidence has no profile.
      logger.error({ code: error.code, path: journal.path }, `profiles were not kept: ${error.message}`);
    }
  }

  #note({ name, device, profile }: ModelInfo): void {
    const { journal } = this.#modules;
    const key = JSON.stringify([name, device]);
    if (this.#noted.get(key) === profile.id) return;
    const last = journal.lastProfiles().find((kept) => kept.model === name && kept.device === device);
    journal.keepProfile(profile, name, device);
    this.#noted.set(key, profile.id);
    if (last !== undefined && last.profile.id !== profile.id) this.#warn(last, profile);
  }

  #warn({ model, device, profile: was }: KeptProfile, is: NumericProfile): void {
    const changed = profileDifferences(was, is);
    const list = changed.map((one) => `${one.field} was ${one.was} and is ${one.is}`).join('; ');
    this.#modules.logger.warn(
      { model, device, was: was.id, is: is.id, changed },
      `the numeric profile of ${model} on ${device} has changed since it was last loaded: ${list}. Its answers can ` +
        'differ in their bits from earlier ones: the other nodes of the echelon must change the same way, or ' +
        'commitments of this node go to dispute.',
    );
  }
}
