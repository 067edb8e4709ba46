import type { Endpoint } from './endpoint.js';
import { millisecondsOf } from './timestamp.js';

/** The running epoch. */
export interface EpochState {
  readonly epoch: bigint;
  /** When it is due to end, ms since 1970; undefined where the endpoint does not say. */
  readonly endsAtMs: number | undefined;
  readonly durationMs: number | undefined;
}

/** @throws what gRPC throws */
export async function readEpoch({ endpoint }: { readonly endpoint: Endpoint }): Promise<EpochState> {
  const paths = ['epoch', 'start', 'system_state.parameters.epoch_duration_ms'];
  const { response } = await endpoint.client.ledgerService.getEpoch({ readMask: { paths } });
  const { epoch, start, systemState } = response.epoch ?? {};
  if (epoch === undefined) throw new Error('it does not say which epoch runs');
  const duration = systemState?.parameters?.epochDurationMs;
  const durationMs = duration === undefined ? undefined : Number(duration);
  const endsAtMs =
    start === undefined || durationMs === undefined ? undefined : millisecondsOf(start) + durationMs;
  return { epoch, endsAtMs, durationMs };
}
