import type { ConfigProblem } from './problem.js';
import { u64 } from './scalars.js';
import { modelSchema } from './schema.js';
import { keyProblem, lineOf, rawValue, type Section } from './section.js';
import { modelNameOf } from './to-config.js';

/**
 * Checks across keys. They look at what is written, not at what the schema made of it, so that they also
 * speak where something else in the section is wrong.
 */
export function checkModelNames(inference: Section, problems: ConfigProblem[]): void {
  const models = rawValue(inference, ['models']);
  if (!Array.isArray(models)) return;
  const firstIndex = new Map<string, number>();
  for (const [index, written] of models.entries()) {
    const parsed = modelSchema.safeParse(written);
    if (!parsed.success) continue;
    const name = modelNameOf(parsed.data, inference.document.folder);
    const first = firstIndex.get(name);
    if (first === undefined) firstIndex.set(name, index);
    else {
      const text = `found the name "${name}" of models[${first}] again, wanted a name of its own for each model (\`name\` in the form [[models]] sets it)`;
      problems.push(keyProblem(inference, ['models', index], text));
    }
  }
}

/** A node has one small id: the subscriber's and the client's have to be equal. */
export function checkSmallIds(subscriber: Section, client: Section, problems: ConfigProblem[]): void {
  const subscribed = u64.safeParse(rawValue(subscriber, ['small_id']));
  const own = u64.safeParse(rawValue(client, ['small_id']));
  if (!subscribed.success || !own.success || subscribed.data === own.data) return;
  const line = lineOf(subscriber, ['small_id']);
  const place = `${subscriber.document.file}${line === undefined ? '' : `:${line}`}`;
  const text = `found ${own.data}, wanted the small_id of the event subscriber, ${subscribed.data} (${place})`;
  problems.push(keyProblem(client, ['small_id'], text));
}
