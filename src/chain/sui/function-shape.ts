import { GrpcTypes } from '@mysten/sui/grpc';
import { normalizeSuiAddress } from '@mysten/sui/utils';
import { AtomaError } from '../../core/index.js';
import type { Endpoint } from './endpoint.js';
import { rpcCode } from './rpc-errors.js';

const MODULE = 'settlement';
const SUI_FRAMEWORK = normalizeSuiAddress('0x2');

/** Types of parameters; a `*` stands for the package's own address. */
export const PARAMETER = {
  database: '&mut *::db::AtomaDb',
  badge: '&*::db::NodeBadge',
  id: `${SUI_FRAMEWORK}::object::ID`,
  u64: 'u64',
  bytes: 'vector<u8>',
} as const;
const RANDOM = `&${SUI_FRAMEWORK}::random::Random`;
const CONTEXT = `&mut ${SUI_FRAMEWORK}::tx_context::TxContext`;

/** A function of module `settlement`, as the node would call it. */
export interface WantedFunction {
  readonly packageId: string;
  readonly name: string;
  /** Without the `&Random` that packages may declare after them, and without the context. */
  readonly parameters: readonly string[];
}

/**
 * Reads from the chain whether a function takes `&Random` after the parameters that every package declares.
 * @throws AtomaError `unsupported_contract` for any other shape, or where there is no such function; what gRPC
 * throws
 */
export async function takesRandom(
  wanted: WantedFunction,
  modules: { readonly endpoint: Endpoint },
): Promise<boolean> {
  const descriptor = await readFunction(wanted, modules.endpoint);
  const withRandom = [true, false].find((random) => matches(descriptor, wanted, random));
  if (withRandom === undefined) throw unsupported(wanted, describeFunction(descriptor, wanted.name));
  return withRandom;
}

async function readFunction(
  { packageId, name }: WantedFunction,
  endpoint: Endpoint,
): Promise<GrpcTypes.FunctionDescriptor | undefined> {
  const { movePackageService } = endpoint.client;
  const request = { packageId, moduleName: MODULE, name };
  try {
    return (await movePackageService.getFunction(request)).response.function;
  } catch (error) {
    if (rpcCode(error) === 'NOT_FOUND') return undefined;
    throw error;
  }
}

function matches(
  descriptor: GrpcTypes.FunctionDescriptor | undefined,
  { parameters }: WantedFunction,
  withRandom: boolean,
): boolean {
  if (descriptor === undefined || descriptor.typeParameters.length > 0 || descriptor.returns.length > 0) {
    return false;
  }
  const callable = descriptor.visibility === GrpcTypes.FunctionDescriptor_Visibility.PUBLIC;
  if (!callable && descriptor.isEntry !== true) return false;
  const wanted = withRandom ? [...parameters, RANDOM] : parameters;
  const found = descriptor.parameters.map(describeParameter);
  if (isContext(found.at(-1))) found.pop();
  return found.length === wanted.length && wanted.every((type, index) => sameType(type, found[index]));
}

function isContext(type: string | undefined): boolean {
  return type === CONTEXT || type === CONTEXT.replace('&mut ', '&');
}

/** A `*` matches any address: the struct belongs to the package's first version, whatever is called now. */
function sameType(wanted: string, found: string | undefined): boolean {
  return found?.replace(/0x[0-9a-f]{64}(?=::db::)/, '*') === wanted;
}

function describeFunction(descriptor: GrpcTypes.FunctionDescriptor | undefined, name: string): string {
  if (descriptor === undefined) return `${name}: nothing of that name`;
  const generics = descriptor.typeParameters.length > 0 ? `<${descriptor.typeParameters.length} types>` : '';
  const returns = descriptor.returns.map(describeParameter).join(', ');
  const parameters = descriptor.parameters.map(describeParameter).join(', ');
  return `${name}${generics}(${parameters})${returns === '' ? '' : `: (${returns})`}`;
}

function describeParameter(parameter: GrpcTypes.OpenSignature): string {
  const { IMMUTABLE, MUTABLE } = GrpcTypes.OpenSignature_Reference;
  const reference = parameter.reference === MUTABLE ? '&mut ' : parameter.reference === IMMUTABLE ? '&' : '';
  return `${reference}${describeType(parameter.body)}`;
}

function describeType(body: GrpcTypes.OpenSignatureBody | undefined): string {
  const { DATATYPE, VECTOR, TYPE_UNKNOWN } = GrpcTypes.OpenSignatureBody_Type;
  const type = body?.type ?? TYPE_UNKNOWN;
  const inner = (body?.typeParameterInstantiation ?? []).map(describeType).join(', ');
  if (type === DATATYPE) {
    const name = (body?.typeName ?? '?').replace(/^[^:]*/, (address) => normalizeSuiAddress(address));
    return inner === '' ? name : `${name}<${inner}>`;
  }
  if (type === VECTOR) return `vector<${inner}>`;
  return GrpcTypes.OpenSignatureBody_Type[type].toLowerCase();
}

function unsupported({ packageId, name, parameters }: WantedFunction, found: string): AtomaError {
  const wanted = `${name}(${parameters.join(', ')}[, ${RANDOM}])`;
  return new AtomaError(
    'unsupported_contract',
    `the package ${packageId} has ${MODULE}::${found}, wanted ${MODULE}::${wanted}; check client.package_id, or use a node made for this contract`,
    { fields: { packageId, found, wanted } },
  );
}
