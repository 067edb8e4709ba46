import type { Logger } from 'pino';
import { AtomaError } from '../../core/index.js';
import type { Position } from './cursor.js';
import type { Endpoint } from './endpoint.js';

/** Where to read history from: a full node's cursor, or its oldest checkpoint. */
export type HistoryStart = { readonly after: Uint8Array } | { readonly from: bigint };

interface HistoryStartOptions {
  readonly chainId: string;
  /** Go on from the oldest event there is, where those after the position are gone. */
  readonly acceptGap: boolean;
  /** The endpoint has refused to list events from the position. */
  readonly refused: boolean;
}

/**
 * Checks that an endpoint still serves the chain and all that was not read yet.
 * @returns where to read on; undefined without a position, which is to begin at the tip
 * @throws AtomaError `chain_changed`; `history_pruned` where events are missing and gaps are not accepted
 */
export async function historyStart(
  position: Position | undefined,
  options: HistoryStartOptions,
  modules: { readonly endpoint: Endpoint; readonly logger: Logger },
  signal: AbortSignal,
): Promise<HistoryStart | undefined> {
  const { endpoint, logger } = modules;
  const { response: info } = await endpoint.client.ledgerService.getServiceInfo({}, { abort: signal });
  if (info.chainId !== options.chainId) throw chainChanged(endpoint.url, options.chainId, info.chainId);
  if (position === undefined) return undefined;
  const lowest = info.lowestAvailableCheckpoint ?? 0n;
  // Without a checkpoint in the position, only the endpoint's refusal tells.
  const wanted = position.checkpoint === undefined ? 0n : position.checkpoint + 1n;
  const lost = position.checkpoint === undefined ? options.refused && lowest > 0n : lowest > wanted;
  if (!lost) return { after: position.cursor };
  const missing = lowest - wanted;
  const fields = {
    url: endpoint.url,
    wanted: `${wanted}`,
    lowestAvailable: `${lowest}`,
    missing: `${missing}`,
  };
  if (!options.acceptGap) {
    throw new AtomaError(
      'history_pruned',
      `events from checkpoint ${wanted} on are wanted, but the endpoint ${endpoint.url} keeps them from checkpoint ${lowest} on only: ${missing} checkpoints are missing, and tickets in them would be lost. Use an endpoint with a longer history, or give them up with --accept-gap.`,
      { fields },
    );
  }
  logger.warn(
    { ...fields, from: `${wanted}`, to: `${lowest - 1n}` },
    'the endpoint has pruned events that were not read; going on without them, tickets in them are lost',
  );
  return { from: lowest };
}

function chainChanged(url: string, wanted: string, found: string | undefined): AtomaError {
  return new AtomaError(
    'chain_changed',
    `the endpoint ${url} served chain ${wanted} and now serves chain ${found}; restart the node if that is meant`,
    { fields: { url, wanted, found } },
  );
}
