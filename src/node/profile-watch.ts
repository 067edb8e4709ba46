import type { Logger } from 'pino';
import { type ModelInfo, profileDifferences } from '../core/index.js';
import { isJournalError, type Journal } from '../tickets/index.js';

interface Modules {
  readonly journal: Journal;
  readonly logger: Logger;
}

/**
 * Keeps the numeric profiles of the models that were loaded in the journal, beside the commitments made with them,
 * and warns where the model had another one on that device when it was last loaded.
 */
export function noteProfiles(models: readonly ModelInfo[], modules: Modules): void {
  const { journal, logger } = modules;
  try {
    for (const model of models) note(model, modules);
  } catch (error) {
    if (!isJournalError(error)) throw error;
    logger.error({ code: error.code, path: journal.path }, `profiles were not kept: ${error.message}`);
  }
}

function note({ name: model, device, profile }: ModelInfo, { journal, logger }: Modules): void {
  const last = journal.lastProfiles().find((kept) => kept.model === model && kept.device === device);
  journal.keepProfile(profile, model, device);
  if (last === undefined || last.profile.id === profile.id) return;
  const changed = profileDifferences(last.profile, profile);
  const list = changed.map(({ field, was, is }) => `${field} was ${was} and is ${is}`).join('; ');
  logger.warn(
    { model, device, was: last.profile.id, is: profile.id, changed },
    `the numeric profile of ${model} on ${device} has changed since it was last loaded: ${list}. Its answers can ` +
      'differ in their bits from earlier ones: the other nodes of the echelon must change the same way, or ' +
      'commitments of this node go to dispute.',
  );
}
