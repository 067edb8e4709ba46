import type { GrpcTypes } from '@mysten/sui/grpc';
import type { PartialMessage } from '@protobuf-ts/runtime';
import type { Epoch } from '../ledger/checkpoints.js';
import { REFERENCE_GAS_PRICE } from '../ledger/gas.js';
import type { Ledger } from '../ledger/ledger.js';
import { notFound } from '../status.js';
import { timestamp } from './timestamp.js';

/** The protocol version that the SDK of this project was made for. */
const PROTOCOL_VERSION = 138n;
/** Version of Sui's `SuiSystemStateInnerV2`. */
const SYSTEM_STATE_VERSION = 2n;

/**
 * An epoch in full; the running one where none is named.
 * @throws RpcFailure `NOT_FOUND`
 */
export function renderEpoch(ledger: Ledger, asked: bigint | undefined): PartialMessage<GrpcTypes.Epoch> {
  const { epochs } = ledger.checkpoints;
  const epoch = epochs[Number(asked ?? ledger.epoch.epoch)];
  if (epoch === undefined) throw notFound(`Epoch ${asked} not found`);
  const rendered: PartialMessage<GrpcTypes.Epoch> = {
    epoch: epoch.epoch,
    systemState: systemState(epoch, ledger.epochMs),
    firstCheckpoint: epoch.firstCheckpoint,
    start: timestamp(epoch.startMs),
    referenceGasPrice: REFERENCE_GAS_PRICE,
    protocolConfig: { protocolVersion: PROTOCOL_VERSION, featureFlags: {}, attributes: {} },
  };
  const next = epochs[Number(epoch.epoch) + 1];
  if (next !== undefined) {
    rendered.lastCheckpoint = next.firstCheckpoint - 1n;
    rendered.end = timestamp(next.startMs);
  }
  return rendered;
}

/** The part of the system state that is about time and gas: there are no validators and no stake. */
function systemState({ epoch, startMs }: Epoch, epochMs: number): PartialMessage<GrpcTypes.SystemState> {
  return {
    version: SYSTEM_STATE_VERSION,
    epoch,
    protocolVersion: PROTOCOL_VERSION,
    referenceGasPrice: REFERENCE_GAS_PRICE,
    epochStartTimestampMs: BigInt(Math.floor(startMs)),
    safeMode: false,
    parameters: { epochDurationMs: BigInt(epochMs) },
  };
}
