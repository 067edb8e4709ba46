import type { Logger } from 'pino';
import type { ModelStore } from '../models/index.js';

/** Removes the downloaded models. A cache that cannot be flushed is no reason for a node not to end. */
export async function flushModels(store: ModelStore, logger: Logger): Promise<void> {
  await store.flush().catch((error: unknown) => {
    logger.error({ err: error }, 'the downloaded models could not be removed');
  });
}
