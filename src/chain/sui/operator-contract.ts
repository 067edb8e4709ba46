import { GrpcTypes } from '@mysten/sui/grpc';
import { normalizeStructTag, normalizeSuiAddress } from '@mysten/sui/utils';
import { AtomaError } from '../../core/index.js';
import type { Endpoint } from './endpoint.js';
import { expectObject } from './registration.js';
import { rpcCode } from './rpc-errors.js';

/** Sui's own coin, and what coins have that say nothing of themselves. */
const DEFAULT_DECIMALS = 9;

export interface OperatorContractOptions {
  /** The package that is called: its newest version. */
  readonly callPackageId: string;
  readonly atomaDbId: string;
}

/** The protocol's token. */
export interface TokenInfo {
  readonly coinType: string;
  readonly symbol: string;
  /** The smallest unit is 10 to the power of minus this. */
  readonly decimals: number;
}

/** What an operator's transactions need to know of the contract. */
export interface OperatorContract extends OperatorContractOptions {
  /** The package that defines the contract's types, `0x` and 64 digits: its events carry this address. */
  readonly definingPackageId: string;
  readonly token: TokenInfo;
}

/**
 * Reads from the chain what the configuration does not say: which package defines the types (by the registry's
 * own type), and which coin collateral is paid in (by what `db::register_node_entry` takes).
 * @throws AtomaError `object_not_found`, `wrong_object_type`, `unsupported_contract`; what gRPC throws
 */
export async function readOperatorContract(
  options: OperatorContractOptions,
  { endpoint }: { readonly endpoint: Endpoint },
): Promise<OperatorContract> {
  const { atomaDbId, callPackageId } = options;
  const [{ objects }, coinType] = await Promise.all([
    endpoint.client.getObjects({ objectIds: [atomaDbId], include: { content: true } }),
    readCoinType(callPackageId, endpoint),
  ]);
  const database = expectObject(objects[0], 'atoma_db_id', atomaDbId, 'db::AtomaDb', endpoint.url);
  const definingPackageId = normalizeSuiAddress(database.type.replace(/::.*$/, ''));
  return { ...options, definingPackageId, token: await readToken(coinType, endpoint) };
}

async function readCoinType(packageId: string, endpoint: Endpoint): Promise<string> {
  const request = { packageId, moduleName: 'db', name: 'register_node_entry' };
  try {
    const { response } = await endpoint.client.movePackageService.getFunction(request);
    const coinType = coinTypeOf(response.function?.parameters[1]);
    if (coinType !== undefined) return coinType;
  } catch (error) {
    if (rpcCode(error) !== 'NOT_FOUND') throw error;
  }
  throw new AtomaError(
    'unsupported_contract',
    `the package ${packageId} has no db::register_node_entry(&mut AtomaDb, &mut Coin<…>); check client.package_id, or use a node made for this contract`,
    { fields: { packageId } },
  );
}

/** The `T` of a parameter of type `0x2::coin::Coin<T>`. */
function coinTypeOf(parameter: GrpcTypes.OpenSignature | undefined): string | undefined {
  const body = parameter?.body;
  const token = body?.typeParameterInstantiation[0];
  const isCoin = body?.typeName !== undefined && normalizeStructTag(body.typeName) === COIN;
  if (!isCoin || token?.type !== GrpcTypes.OpenSignatureBody_Type.DATATYPE) return undefined;
  return token.typeName === undefined ? undefined : normalizeStructTag(token.typeName);
}

const COIN = normalizeStructTag('0x2::coin::Coin');

async function readToken(coinType: string, endpoint: Endpoint): Promise<TokenInfo> {
  const name = coinType.slice(coinType.lastIndexOf('::') + 2);
  try {
    const { response } = await endpoint.client.stateService.getCoinInfo({ coinType });
    const { symbol = name, decimals = DEFAULT_DECIMALS } = response.metadata ?? {};
    return { coinType, symbol, decimals };
  } catch (error) {
    if (rpcCode(error) !== 'NOT_FOUND') throw error;
    return { coinType, symbol: name, decimals: DEFAULT_DECIMALS };
  }
}
