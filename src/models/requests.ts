import { AtomaError, type WeightsFormat } from '../core/index.js';
import type { FetchRequest } from './download/fetch-model.js';
import type { ModelReference } from './reference.js';
import { howToName, type ModelTarget } from './target.js';

/** One request a repository, in the order of the formats. */
export function requestsOf(
  target: ModelTarget,
  { precision, revision }: ModelReference,
  formats: readonly WeightsFormat[],
): readonly FetchRequest[] {
  if (target.kind === 'local') return [];
  const { file, hint, repos } = target;
  const byRepo = new Map<string, WeightsFormat[]>();
  for (const format of formats) {
    const repo = repos[format];
    if (repo !== undefined) byRepo.set(repo, [...(byRepo.get(repo) ?? []), format]);
  }
  return [...byRepo].map(([repo, ofRepo]) => ({
    repo,
    revision,
    wish: { precision, file, hint },
    formats: ofRepo,
  }));
}

/** Where the hub is not to be asked. */
export function offline(): AtomaError {
  return new AtomaError(
    'hub_unreachable',
    'not all of it is in the cache, and HF_HUB_OFFLINE says that the hub is not to be asked',
  );
}

/** Why no repository gave the model. */
export function notFound(problems: readonly AtomaError[], formats: readonly WeightsFormat[]): AtomaError {
  const [first, ...others] = problems;
  if (first !== undefined && others.length === 0) return first;
  const what = problems.map(({ message }) => message).join('; ');
  return new AtomaError(
    'model_not_found',
    what || `no repository is known that has ${formats.join(' or ')} weights of it`,
    {
      fields: { ...first?.fields },
    },
  );
}

/** An error of the hub or the cache with the name of the model that it is about. */
export function named(error: unknown, { name, modelType }: ModelReference, target: ModelTarget): unknown {
  if (!(error instanceof AtomaError)) return error;
  const short = target.kind === 'hub' && target.short && error.code === 'model_not_found';
  const advice = short ? `; ${howToName(modelType)}` : '';
  return new AtomaError(error.code, `model ${name}: ${error.message}${advice}`, {
    fields: error.fields,
    cause: error,
  });
}
