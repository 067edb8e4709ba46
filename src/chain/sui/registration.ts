import { bcs } from '@mysten/sui/bcs';
import { ObjectError, type SuiClientTypes } from '@mysten/sui/client';
import { normalizeSuiAddress } from '@mysten/sui/utils';
import { AtomaError } from '../../core/index.js';
import type { Endpoint } from './endpoint.js';

const NodeBadge = bcs.struct('NodeBadge', {
  id: bcs.Address,
  small_id: bcs.struct('SmallId', { inner: bcs.u64() }),
});

/** An address and a u64. */
const NODE_BADGE_BYTES = 40;

export interface RegistrationOptions {
  readonly atomaDbId: string;
  readonly nodeBadgeId: string;
  readonly smallId: bigint;
  /** The wallet's address. */
  readonly owner: string;
}

/** What the chain says of a node that is registered. */
export interface Registration {
  /** The package that defines the contract's types, `0x` and 64 digits: its events carry this address. */
  readonly definingPackageId: string;
}

type ChainObject = SuiClientTypes.Object<{ content: true }>;

/**
 * Checks that the configured database and badge are there, that the badge is the wallet's, and that it is
 * the badge of the configured node: otherwise every commitment would be paid for and refused.
 * @throws AtomaError `object_not_found`, `wrong_object_type`, `badge_not_owned`, `small_id_mismatch`; what
 * gRPC throws
 */
export async function checkRegistration(
  options: RegistrationOptions,
  modules: { readonly endpoint: Endpoint },
): Promise<Registration> {
  const { atomaDbId, nodeBadgeId } = options;
  const { objects } = await modules.endpoint.client.getObjects({
    objectIds: [atomaDbId, nodeBadgeId],
    include: { content: true },
  });
  const { url } = modules.endpoint;
  expectObject(objects[0], 'atoma_db_id', atomaDbId, 'db::AtomaDb', url);
  const badge = expectObject(objects[1], 'node_badge_id', nodeBadgeId, 'db::NodeBadge', url);
  expectOwner(badge, options);
  expectSmallId(badge, options);
  return { definingPackageId: normalizeSuiAddress(badge.type.replace(/::.*$/, '')) };
}

/** @throws AtomaError `object_not_found`, `wrong_object_type` */
export function expectObject(
  found: ChainObject | Error | undefined,
  key: string,
  id: string,
  wantedType: string,
  url: string,
): ChainObject {
  if (found === undefined || found instanceof ObjectError) {
    throw new AtomaError(
      'object_not_found',
      `${key} = ${id} is not on the chain of ${url} (${found?.message ?? 'no answer for it'}); check the id and the network`,
      { cause: found, fields: { key, id, url } },
    );
  }
  if (found instanceof Error) throw found;
  if (!found.type.endsWith(`::${wantedType}`)) {
    throw new AtomaError(
      'wrong_object_type',
      `${key} = ${id} is a ${found.type}, wanted a ${wantedType}; check the id`,
      { fields: { key, id, found: found.type, wanted: wantedType } },
    );
  }
  return found;
}

function expectOwner(badge: ChainObject, options: RegistrationOptions): void {
  const owner = badge.owner.$kind === 'AddressOwner' ? badge.owner.AddressOwner : undefined;
  if (owner !== undefined && normalizeSuiAddress(owner) === normalizeSuiAddress(options.owner)) return;
  const found = owner ?? badge.owner.$kind;
  throw new AtomaError(
    'badge_not_owned',
    `the node badge ${options.nodeBadgeId} belongs to ${found}, but the wallet's address is ${options.owner}; switch the wallet's active address or set node_badge_id to this wallet's badge`,
    { fields: { nodeBadgeId: options.nodeBadgeId, found, wanted: options.owner } },
  );
}

/** @throws AtomaError `wrong_object_type` where the badge's bytes are no {@link NodeBadge} */
function smallIdOf(badge: ChainObject): bigint {
  if (badge.content?.length !== NODE_BADGE_BYTES) {
    throw new AtomaError(
      'wrong_object_type',
      `the node badge ${badge.objectId} holds ${badge.content?.length} bytes, wanted ${NODE_BADGE_BYTES}; the contract may have changed`,
      { fields: { key: 'node_badge_id', id: badge.objectId, found: badge.type, wanted: 'db::NodeBadge' } },
    );
  }
  return BigInt(NodeBadge.parse(badge.content).small_id.inner);
}

function expectSmallId(badge: ChainObject, options: RegistrationOptions): void {
  const found = smallIdOf(badge);
  if (found === options.smallId) return;
  throw new AtomaError(
    'small_id_mismatch',
    `the node badge ${options.nodeBadgeId} is the badge of node ${found}, but small_id is ${options.smallId}; set small_id = ${found} or the badge of node ${options.smallId}`,
    { fields: { nodeBadgeId: options.nodeBadgeId, found: `${found}`, wanted: `${options.smallId}` } },
  );
}
