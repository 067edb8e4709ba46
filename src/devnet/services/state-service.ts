import { GrpcTypes } from '@mysten/sui/grpc';
import { normalizeSuiAddress } from '@mysten/sui/utils';
import type { PartialMessage } from '@protobuf-ts/runtime';
import type { Ledger } from '../ledger/ledger.js';
import type { ObjectStore, StoredObject } from '../ledger/objects.js';
import { SUI_COIN_TYPE } from '../move/addresses.js';
import { canonicalType, coinTypeOf, matchesType } from '../move/types.js';
import { coinBalance } from '../move/values.js';
import { ReadMask } from '../read-mask.js';
import { type ServiceBinding, unary } from '../rpc-method.js';
import { invalidArgument, notFound } from '../status.js';
import { DYNAMIC_FIELD_TYPE, renderDynamicField } from './dynamic-field.js';
import { pageById } from './page.js';
import { maskedObject } from './render-object.js';

/** What a list of owned objects gives where the client named no fields. */
const DEFAULT_OWNED_FIELDS: readonly string[] = ['object_id', 'version', 'object_type'];
/** What a list of dynamic fields gives where the client named no fields. */
const DEFAULT_FIELD_FIELDS: readonly string[] = ['parent', 'field_id'];

/** A coin type of this chain. */
export interface CoinInfo {
  readonly coinType: string;
  readonly name: string;
  readonly symbol: string;
  readonly description: string;
  readonly decimals: number;
}

export const SUI_COIN_INFO: CoinInfo = {
  coinType: SUI_COIN_TYPE,
  name: 'Sui',
  symbol: 'SUI',
  description: '',
  decimals: 9,
};

/** `sui.rpc.v2.StateService` */
export function stateService(
  options: { readonly coins: readonly CoinInfo[] },
  modules: { readonly ledger: Ledger },
): ServiceBinding {
  const { objects } = modules.ledger;
  const T = GrpcTypes;
  return {
    type: T.StateService,
    methods: {
      ListOwnedObjects: unary(T.ListOwnedObjectsRequest, T.ListOwnedObjectsResponse, (request) =>
        listOwnedObjects(objects, request),
      ),
      GetBalance: unary(T.GetBalanceRequest, T.GetBalanceResponse, ({ owner, coinType }) => {
        const type = readType(coinType, 'coin_type');
        return { balance: renderBalance(type, sumOf(objects, readAddress(owner, 'owner')).get(type) ?? 0n) };
      }),
      ListBalances: unary(T.ListBalancesRequest, T.ListBalancesResponse, ({ owner }) => {
        const sums = [...sumOf(objects, readAddress(owner, 'owner'))].sort(([a], [b]) => (a < b ? -1 : 1));
        return { balances: sums.map(([type, sum]) => renderBalance(type, sum)) };
      }),
      GetCoinInfo: unary(T.GetCoinInfoRequest, T.GetCoinInfoResponse, ({ coinType }) => {
        const type = readType(coinType, 'coin_type');
        const info = options.coins.find((coin) => coin.coinType === type);
        if (info === undefined) throw notFound(`Coin type ${type} not found`);
        return { coinType: type, metadata: { ...info } };
      }),
      ListDynamicFields: unary(T.ListDynamicFieldsRequest, T.ListDynamicFieldsResponse, (request) =>
        listDynamicFields(objects, request),
      ),
    },
  };
}

function listOwnedObjects(
  objects: ObjectStore,
  request: GrpcTypes.ListOwnedObjectsRequest,
): PartialMessage<GrpcTypes.ListOwnedObjectsResponse> {
  const mask = new ReadMask(GrpcTypes.Object, request.readMask, DEFAULT_OWNED_FIELDS);
  const owner = readAddress(request.owner, 'owner');
  const type = request.objectType === undefined ? undefined : readType(request.objectType, 'object_type');
  const owned = objects.ownedBy(owner).filter((object) => {
    return object.owner.kind === 'address' && (type === undefined || matchesType(object.type, type));
  });
  const { items, ...next } = pageById(owned, request);
  return { objects: items.map((object) => maskedObject(object, mask)), ...next };
}

function listDynamicFields(
  objects: ObjectStore,
  request: GrpcTypes.ListDynamicFieldsRequest,
): PartialMessage<GrpcTypes.ListDynamicFieldsResponse> {
  const mask = new ReadMask(GrpcTypes.DynamicField, request.readMask, DEFAULT_FIELD_FIELDS);
  const parent = readAddress(request.parent, 'parent');
  const fields = objects.ownedBy(parent).filter(isField);
  const { items, ...next } = pageById(fields, request);
  return {
    dynamicFields: items.map((field) => mask.apply(renderDynamicField(parent, field, objects))),
    ...next,
  };
}

function isField(object: StoredObject): boolean {
  return object.owner.kind === 'object' && matchesType(object.type, DYNAMIC_FIELD_TYPE);
}

function sumOf(objects: ObjectStore, owner: string): Map<string, bigint> {
  const sums = new Map<string, bigint>();
  for (const object of objects.ownedBy(owner)) {
    const coinType = coinTypeOf(object.type);
    if (coinType !== undefined) {
      sums.set(coinType, (sums.get(coinType) ?? 0n) + coinBalance(object.contents));
    }
  }
  return sums;
}

/** All money on this chain is in coins; there are no address balances. */
function renderBalance(coinType: string, balance: bigint): PartialMessage<GrpcTypes.Balance> {
  return { coinType, balance, coinBalance: balance, addressBalance: 0n };
}

function readAddress(address: string | undefined, field: string): string {
  if (address === undefined) throw invalidArgument(`missing ${field}`);
  return normalizeSuiAddress(address);
}

function readType(type: string | undefined, field: string): string {
  if (type === undefined) throw invalidArgument(`missing ${field}`);
  return canonicalType(type);
}
