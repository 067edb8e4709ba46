import { AtomaError } from '../../core/index.js';
import type { HubClient } from '../hub/client.js';
import { select } from '../selection.js';
import type { FetchRequest } from './fetch-model.js';

/**
 * Bytes of the files that a download of the model would bring.
 * @throws AtomaError `model_not_found` saying what the repository has; the hub's failures
 */
export async function measureModel(
  { repo, revision, wish, formats }: FetchRequest,
  modules: { readonly client: HubClient },
  signal: AbortSignal,
): Promise<number> {
  const { client } = modules;
  const { commit } = await client.describe(repo, revision, signal);
  const listed = await client.listFiles(repo, commit, signal);
  const problems: string[] = [];
  for (const format of formats) {
    const selection = select(format, listed, wish);
    if ('selected' in selection) {
      return selection.selected.files.reduce((sum, { bytes }) => sum + bytes, 0);
    }
    problems.push(selection.problem);
  }
  throw new AtomaError('model_not_found', `${repo} (revision ${revision}) ${problems.join(', and ')}`, {
    fields: { repo, revision, commit },
  });
}
