import type { ConfigProblem } from './problem.js';
import { u64 } from './scalars.js';
import { modelSchema } from './schema.js';
import { keyProblem, lineOf, rawValue, type Section } from './section.js';
import { type ModelTable, modelNameOf } from './to-config.js';

/**
 * Checks across keys. They look at what is written, not at what the schema made of it, so that they also
 * speak where something else in the section is wrong.
 */
export function checkModelNames(inference: Section, problems: ConfigProblem[]): void {
  const models = rawValue(inference, ['models']);
  if (!Array.isArray(models)) return;
  const known = new Map<
    string,
    { readonly index: number; readonly model: ModelTable; readonly devices: Set<unknown> }
  >();
  for (const [index, written] of models.entries()) {
    const parsed = modelSchema.safeParse(written);
    if (!parsed.success) continue;
    const model = parsed.data;
    const name = modelNameOf(model, inference.document.folder);
    const first = known.get(name);
    if (first === undefined) known.set(name, { index, model, devices: new Set(model.device) });
    else {
      const wanted = conflict(first.model, model, first.devices);
      for (const device of model.device) first.devices.add(device);
      if (wanted === undefined) continue;
      const text = `found the name "${name}" of models[${first.index}] again, ${wanted}`;
      problems.push(keyProblem(inference, ['models', index], text));
    }
  }
}

/** One model may stand on several devices; two that differ under one name would answer differently. */
function conflict(first: ModelTable, again: ModelTable, devices: ReadonlySet<unknown>): string | undefined {
  const own = 'wanted a name of its own for each model (`name` in the form [[models]] sets it)';
  if (again.device.some((device) => devices.has(device))) return own;
  const same = (['model_type', 'precision', 'revision', 'use_flash_attention', 'backend'] as const).every(
    (key) => first[key] === again[key],
  );
  return same ? undefined : `${own}, or the same model on another device`;
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
