import { formatBytes } from '../core/index.js';
import type { ObtainedModel } from '../models/index.js';
import { DownloadReport } from './download-progress.js';
import { EXIT, writeLine } from './exit.js';
import { createLogger } from './logger.js';
import { formatsOf, type ModelFlags, openModels, referenceOf } from './model-flags.js';

/** Downloads a model, or what of it has changed; an interrupt leaves what has come for the next time. */
export async function pullModel(
  name: string,
  flags: ModelFlags & { readonly json?: boolean },
  env: NodeJS.ProcessEnv,
): Promise<number> {
  const logger = createLogger(env['LOG_LEVEL']);
  const { store, models } = await openModels(flags, env, logger);
  const json = flags.json ?? false;
  const report = new DownloadReport(name, { logger, terminal: process.stderr.isTTY, json });
  const { signal } = interruption();
  try {
    const formats = formatsOf(name, flags, models);
    const onProgress = report.update;
    const model = await store.pull(referenceOf(name, flags, models), formats, { signal, onProgress });
    report.stop();
    tell(name, model, json);
    return EXIT.done;
  } catch (error) {
    report.stop();
    if (!signal.aborted) throw error;
    if (json) writeLine({ type: 'interrupted', model: name });
    process.stderr.write('interrupted: what has come is kept, and the same command goes on from there\n');
    return EXIT.interrupted;
  } finally {
    await store.close();
  }
}

function tell(name: string, { weights, source }: ObtainedModel, json: boolean): void {
  const file = weights.format === 'gguf' ? weights.file : `${weights.folder}/${weights.file}`;
  const { format, bytes } = weights;
  const { repo = null, revision = null, commit = null } = source ?? {};
  if (json) writeLine({ type: 'pulled', model: name, repo, revision, commit, format, file, bytes });
  else process.stdout.write(`${name}: ${formatBytes(bytes)} at ${file}\n`);
}

/** Aborts at the first signal; a second one ends the process at once. */
function interruption(): AbortController {
  const end = new AbortController();
  const onSignal = (): void => {
    if (end.signal.aborted) process.exit(EXIT.interrupted);
    end.abort();
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return end;
}
