import type { NodeApi } from '../../node-api.js';

/**
 * The `system_fingerprint` of answers of a model, before it is known which device makes one: the id of the numeric
 * profile that all of its devices share, null where they do not. Equal ones give equal answers to equal requests with
 * a `seed`.
 */
export function fingerprintOf(node: NodeApi, model: string): string | null {
  const ids = new Set(
    node
      .listModels()
      .filter(({ name }) => name === model)
      .map(({ profile }) => profile.id),
  );
  const [id] = ids;
  return ids.size === 1 && id !== undefined ? id : null;
}
