import { GrpcTypes } from '@mysten/sui/grpc';
import { Transaction } from '@mysten/sui/transactions';
import { normalizeSuiAddress } from '@mysten/sui/utils';
import { AtomaError, type Commitment } from '../../core/index.js';
import type { Endpoint } from './endpoint.js';
import { rpcCode } from './rpc-errors.js';

const MODULE = 'settlement';
const FUNCTION = 'submit_commitment';
const SUI_FRAMEWORK = normalizeSuiAddress('0x2');

/** The parameters in every package published so far; a `*` stands for the package's own address. */
const COMMON_PARAMETERS = [
  '&mut *::db::AtomaDb',
  '&*::db::NodeBadge',
  `${SUI_FRAMEWORK}::object::ID`,
  'u64',
  'u64',
  'vector<u8>',
  'vector<u8>',
];
/** Declared by later packages only. */
const RANDOM = `&${SUI_FRAMEWORK}::random::Random`;
const CONTEXT = `&mut ${SUI_FRAMEWORK}::tx_context::TxContext`;

export interface CommitmentCallOptions {
  /** The package that is called. */
  readonly packageId: string;
  readonly atomaDbId: string;
  readonly nodeBadgeId: string;
}

/** Builds `settlement::submit_commitment` calls in the shape that the package on chain has. */
export class CommitmentCall {
  readonly #options: CommitmentCallOptions & { readonly withRandom: boolean };

  private constructor(options: CommitmentCallOptions & { readonly withRandom: boolean }) {
    this.#options = options;
  }

  /**
   * Reads the function's shape from the chain.
   * @throws AtomaError `unsupported_contract` for any other shape than the two known ones, or where there is
   * no such function; what gRPC throws
   */
  static async read(
    options: CommitmentCallOptions,
    modules: { readonly endpoint: Endpoint },
  ): Promise<CommitmentCall> {
    const descriptor = await readFunction(options.packageId, modules.endpoint);
    const withRandom = [true, false].find((random) => matches(descriptor, random));
    if (withRandom === undefined) throw unsupported(options.packageId, describeFunction(descriptor));
    return new CommitmentCall({ ...options, withRandom });
  }

  /** The call as a transaction of `sender`, its object versions and gas still open. */
  toTransaction(commitment: Commitment, sender: string): Transaction {
    const { packageId, atomaDbId, nodeBadgeId, withRandom } = this.#options;
    const tx = new Transaction();
    tx.setSender(sender);
    tx.moveCall({
      package: packageId,
      module: MODULE,
      function: FUNCTION,
      arguments: [
        tx.object(atomaDbId),
        tx.object(nodeBadgeId),
        tx.pure.id(commitment.ticketId),
        tx.pure.u64(commitment.inputTokens),
        tx.pure.u64(commitment.outputTokens),
        tx.pure.vector('u8', commitment.root),
        tx.pure.vector('u8', commitment.leaf),
        ...(withRandom ? [tx.object.random()] : []),
      ],
    });
    return tx;
  }
}

async function readFunction(
  packageId: string,
  endpoint: Endpoint,
): Promise<GrpcTypes.FunctionDescriptor | undefined> {
  const { movePackageService } = endpoint.client;
  const request = { packageId, moduleName: MODULE, name: FUNCTION };
  try {
    return (await movePackageService.getFunction(request)).response.function;
  } catch (error) {
    if (rpcCode(error) === 'NOT_FOUND') return undefined;
    throw error;
  }
}

function matches(descriptor: GrpcTypes.FunctionDescriptor | undefined, withRandom: boolean): boolean {
  if (descriptor === undefined || descriptor.typeParameters.length > 0 || descriptor.returns.length > 0) {
    return false;
  }
  const callable = descriptor.visibility === GrpcTypes.FunctionDescriptor_Visibility.PUBLIC;
  if (!callable && descriptor.isEntry !== true) return false;
  const wanted = withRandom ? [...COMMON_PARAMETERS, RANDOM] : COMMON_PARAMETERS;
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

function describeFunction(descriptor: GrpcTypes.FunctionDescriptor | undefined): string {
  if (descriptor === undefined) return `${FUNCTION}: nothing of that name`;
  const generics = descriptor.typeParameters.length > 0 ? `<${descriptor.typeParameters.length} types>` : '';
  const returns = descriptor.returns.map(describeParameter).join(', ');
  const parameters = descriptor.parameters.map(describeParameter).join(', ');
  return `${FUNCTION}${generics}(${parameters})${returns === '' ? '' : `: (${returns})`}`;
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

function unsupported(packageId: string, found: string): AtomaError {
  const wanted = `${FUNCTION}(${COMMON_PARAMETERS.join(', ')}[, ${RANDOM}])`;
  return new AtomaError(
    'unsupported_contract',
    `the package ${packageId} has ${MODULE}::${found}, wanted ${MODULE}::${wanted}; check client.package_id, or use a node made for this contract`,
    { fields: { packageId, found, wanted } },
  );
}
