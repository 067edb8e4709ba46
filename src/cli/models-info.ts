import { formatBytes } from '../core/index.js';
import type { HubDescription, ModelReference, ObtainedModel } from '../models/index.js';
import type { ModelFacts } from '../workers/index.js';
import { EXIT, writeLine } from './exit.js';
import { inspectWeights } from './inspect-weights.js';
import { createLogger } from './logger.js';
import { formatsOf, type ModelFlags, openModels, referenceOf } from './model-flags.js';

/** The longest label, `context per sequence`. */
const LABEL_CHARACTERS = 20;

/** Somebody sits there and waits: a hub that does not answer twice is told of. */
const RETRIES = 1;

/** Everything that `info` can tell, in the order in which it does. */
type Facts = Readonly<Record<string, unknown>>;

/** Shows a model: from its weights where they are here, from the hub where they are not. */
export async function showModel(
  name: string,
  flags: ModelFlags & { readonly json?: boolean },
  env: NodeJS.ProcessEnv,
): Promise<number> {
  const logger = createLogger(env['LOG_LEVEL'] ?? 'warn');
  const { store, models, pool } = await openModels(flags, env, logger, { retries: RETRIES });
  try {
    const reference = referenceOf(name, flags, models);
    const found = await store.find(reference, formatsOf(name, flags, models));
    const facts =
      found === undefined
        ? factsOfHub(reference, await store.describe(reference, new AbortController().signal))
        : factsOfWeights(reference, found, await inspectWeights(found.weights, pool));
    if (flags.json) writeLine({ type: 'model', ...facts });
    else process.stdout.write(textOf(facts));
    return EXIT.done;
  } finally {
    await store.close();
  }
}

function factsOfWeights(
  { name }: ModelReference,
  { weights, source }: ObtainedModel,
  inspected: ModelFacts,
): Facts {
  const { memory } = inspected;
  return {
    model: name,
    here: true,
    repo: source?.repo ?? null,
    revision: source?.revision ?? null,
    commit: source?.commit ?? null,
    format: weights.format,
    file: weights.format === 'gguf' ? weights.file : `${weights.folder}/${weights.file}`,
    size_bytes: weights.bytes,
    architecture: inspected.architecture ?? null,
    parameters: inspected.parameters ?? null,
    quantisation: inspected.quantisation ?? null,
    context_size: inspected.trainedContextSize ?? null,
    license: inspected.license ?? null,
    memory_place: memory?.place ?? null,
    memory_bytes: memory?.totalBytes ?? null,
    weights_bytes: memory?.weightsBytes ?? null,
    kv_cache_bytes: memory?.kvCacheBytes ?? null,
    compute_bytes: memory?.computeBytes ?? null,
    available_bytes: memory?.availableBytes ?? null,
    workers: memory?.workers ?? null,
    sequences: memory?.sequences ?? null,
    context_per_sequence: memory?.contextSize ?? null,
    memory_fault: inspected.memoryFault ?? null,
    chat_template: inspected.chatTemplate ?? null,
  };
}

function factsOfHub({ name, revision }: ModelReference, hub: HubDescription | undefined): Facts {
  return {
    model: name,
    here: false,
    repo: hub?.repo ?? null,
    revision,
    commit: hub?.commit ?? null,
    architecture: hub?.architecture ?? null,
    parameters: hub?.parameters ?? null,
    context_size: hub?.contextSize ?? null,
    license: hub?.license ?? null,
    gated: hub?.gated ?? null,
    files: hub?.files?.filter(({ path }) => /\.(gguf|onnx)$/i.test(path)) ?? null,
    chat_template: hub?.chatTemplate ?? null,
  };
}

function textOf(facts: Facts): string {
  const lines = Object.entries(facts)
    .filter(([, value]) => value !== null)
    .map(
      ([key, value]) =>
        `${key
          .replace(/_bytes$/, '')
          .replaceAll('_', ' ')
          .padEnd(LABEL_CHARACTERS)}  ${shown(key, value)}\n`,
    );
  return lines.join('');
}

function shown(key: string, value: unknown): string {
  const rest = `\n${' '.repeat(LABEL_CHARACTERS + 2)}`;
  if (key === 'here') return value === true ? 'yes' : 'no: `models pull` downloads it';
  if (key.endsWith('_bytes')) return formatBytes(Number(value));
  if (Array.isArray(value))
    return value.map(({ path, bytes }) => `${path} (${formatBytes(bytes)})`).join(rest);
  return typeof value === 'number' ? value.toLocaleString('en') : String(value).replaceAll('\n', rest);
}
