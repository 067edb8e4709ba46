import { bcs } from '@mysten/sui/bcs';
import type { GrpcTypes } from '@mysten/sui/grpc';
import { AtomaError } from '../../core/index.js';
import type { Endpoint } from './endpoint.js';

/** As many as full nodes give at most. */
const PAGE_SIZE = 1_000;
/** A wallet with more objects of one type than this is no node's wallet, or is being filled by somebody else. */
const MAX_PAGES = 32;

const NodeBadge = bcs.struct('NodeBadge', {
  id: bcs.Address,
  small_id: bcs.struct('SmallId', { inner: bcs.u64() }),
});

/** A registration that a wallet holds. */
export interface OwnedBadge {
  readonly badgeId: string;
  readonly smallId: bigint;
}

/** A coin that a wallet holds; `balance` in the coin's smallest unit. */
export interface OwnedCoin {
  readonly id: string;
  readonly balance: bigint;
}

/**
 * The node badges of a wallet, the newest registration first.
 * @param type of the badges, `address::db::NodeBadge`
 * @throws AtomaError `wallet_too_full`; what gRPC throws
 */
export async function listBadges(
  owner: string,
  type: string,
  modules: { readonly endpoint: Endpoint },
): Promise<readonly OwnedBadge[]> {
  const objects = await listOwned({ owner, type, fields: ['object_id', 'contents'] }, modules);
  const badges = objects.map(({ objectId = '', contents }) => {
    const badge = NodeBadge.parse(Uint8Array.from(contents?.value ?? []));
    return { badgeId: objectId, smallId: BigInt(badge.small_id.inner) };
  });
  return badges.sort((a, b) => (a.smallId > b.smallId ? -1 : 1));
}

/**
 * The coins of one type in a wallet, the largest first.
 * @throws AtomaError `wallet_too_full`; what gRPC throws
 */
export async function listCoins(
  owner: string,
  coinType: string,
  modules: { readonly endpoint: Endpoint },
): Promise<readonly OwnedCoin[]> {
  const type = `0x2::coin::Coin<${coinType}>`;
  const objects = await listOwned({ owner, type, fields: ['object_id', 'balance'] }, modules);
  const coins = objects.map(({ objectId = '', balance = 0n }) => ({ id: objectId, balance }));
  return coins.sort((a, b) => (a.balance > b.balance ? -1 : 1));
}

async function listOwned(
  query: { readonly owner: string; readonly type: string; readonly fields: readonly string[] },
  { endpoint }: { readonly endpoint: Endpoint },
): Promise<readonly GrpcTypes.Object[]> {
  const { owner, type, fields } = query;
  const found: GrpcTypes.Object[] = [];
  let pageToken: Uint8Array | undefined;
  for (let page = 0; page < MAX_PAGES; page++) {
    const { response } = await endpoint.client.stateService.listOwnedObjects({
      owner,
      objectType: type,
      pageSize: PAGE_SIZE,
      readMask: { paths: [...fields] },
      ...(pageToken !== undefined && { pageToken }),
    });
    found.push(...response.objects);
    pageToken = response.nextPageToken;
    if (pageToken === undefined || pageToken.length === 0) return found;
  }
  throw new AtomaError(
    'wallet_too_full',
    `the wallet ${owner} holds more than ${found.length} objects of type ${type}; merge or move them, or use a wallet of the node's own`,
    { fields: { owner, type } },
  );
}
