import type { Completion } from '../../../core/index.js';
import { isCatalogued } from '../../error-catalogue.js';
import type { GenerateRequest } from '../../node-api.js';
import type { Exchange } from '../exchange.js';
import { type ChoiceReader, runChoices } from '../generation/choices.js';
import type { OpenAiModules } from '../modules.js';
import { EventStream } from './event-stream.js';

interface Streamed {
  readonly requests: readonly GenerateRequest[];
  /** @param write sends events to the client */
  readonly reader: (write: (events: string) => void) => ChoiceReader;
  /** Events after those of all choices; '' for none. */
  readonly last: (completions: readonly Completion[]) => string;
}

/**
 * Runs choices and sends them as they are made.
 * @throws what ends them before anything was sent
 */
export async function streamChoices(
  { requests, reader, last }: Streamed,
  exchange: Exchange,
  { node, limits, scopes, logger }: OpenAiModules,
): Promise<void> {
  const scope = exchange.openScope(limits, scopes);
  const stream = new EventStream(exchange, {
    maxBufferedBytes: limits.maxBufferedBytes,
    onCutOff: () => scope.end('The client does not read its stream.'),
  });
  try {
    const context = { node, exchange, scope, onQueued: () => stream.announceQueue() };
    const completions = await runChoices(
      requests,
      context,
      reader((events) => stream.write(events)),
    );
    stream.end(last(completions));
  } catch (error) {
    stream.fail(error);
    if (!isCatalogued(error)) logger.error({ err: error, requestId: exchange.requestId }, 'a stream failed');
  }
}
