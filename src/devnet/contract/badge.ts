import { bcs } from '@mysten/sui/bcs';

/** `atoma::db::NodeBadge` */
export const NodeBadgeLayout = bcs.struct('NodeBadge', {
  id: bcs.Address,
  small_id: bcs.struct('SmallId', { inner: bcs.u64() }),
});

/** BCS of `atoma::db::NodeBadge`. */
export function badgeContents(id: string, smallId: bigint): Uint8Array {
  return NodeBadgeLayout.serialize({ id, small_id: { inner: smallId } }).toBytes();
}

/** The small id on a node's badge. */
export function badgeSmallId(contents: Uint8Array): bigint {
  return BigInt(NodeBadgeLayout.parse(contents).small_id.inner);
}
