import type { GrpcTypes } from '@mysten/sui/grpc';
import type { Endpoint } from './endpoint.js';
import { rpcCode } from './rpc-errors.js';

/** What happens to a badge after its node was disabled: withdrawals, and tries to destroy it too early. */
const MAX_STEPS = 16;
const DISABLE = { module: 'db', function: 'permanently_disable_node' };

/**
 * The epoch in which a node was disabled, read from the transactions that used its badge, the newest first: the
 * contract keeps it in the registry and emits no event.
 * @returns undefined where it is not among the last ones that the endpoint still has
 * @throws what gRPC throws
 */
export async function findDisabledEpoch(
  badgeId: string,
  { endpoint }: { readonly endpoint: Endpoint },
): Promise<bigint | undefined> {
  let version: bigint | undefined;
  for (let step = 0; step < MAX_STEPS; step++) {
    const digest = await unlessMissing(() => lastUse(badgeId, version, endpoint));
    if (digest === undefined) return undefined;
    const transaction = await unlessMissing(() => readTransaction(digest, endpoint));
    if (transaction === undefined) return undefined;
    const { effects } = transaction;
    if (effects?.status?.success && calls(transaction)) return effects.epoch;
    version = effects?.changedObjects.find(({ objectId }) => objectId === badgeId)?.inputVersion;
    if (version === undefined) return undefined;
  }
  return undefined;
}

async function lastUse(
  objectId: string,
  version: bigint | undefined,
  { client }: Endpoint,
): Promise<string | undefined> {
  const request = { objectId, readMask: { paths: ['previous_transaction'] } };
  const { response } = await client.ledgerService.getObject(
    version === undefined ? request : { ...request, version },
  );
  return response.object?.previousTransaction;
}

async function readTransaction(
  digest: string,
  { client }: Endpoint,
): Promise<GrpcTypes.ExecutedTransaction | undefined> {
  const paths = ['transaction.kind', 'effects.status', 'effects.epoch', 'effects.changed_objects'];
  return (await client.ledgerService.getTransaction({ digest, readMask: { paths } })).response.transaction;
}

function calls({ transaction }: GrpcTypes.ExecutedTransaction): boolean {
  const kind = transaction?.kind;
  if (kind?.data.oneofKind !== 'programmableTransaction') return false;
  return kind.data.programmableTransaction.commands.some(
    ({ command }) =>
      command.oneofKind === 'moveCall' &&
      command.moveCall.module === DISABLE.module &&
      command.moveCall.function === DISABLE.function,
  );
}

/** Pruned objects and transactions are no failure: the trail ends there. */
async function unlessMissing<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (rpcCode(error) === 'NOT_FOUND') return undefined;
    throw error;
  }
}
