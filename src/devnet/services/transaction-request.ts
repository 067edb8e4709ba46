import { GrpcTypes } from '@mysten/sui/grpc';
import { type TransactionData, TransactionDataBuilder } from '@mysten/sui/transactions';
import { normalizeSuiAddress, toBase64 } from '@mysten/sui/utils';
import { messageOf } from '../../core/index.js';
import { invalidArgument } from '../status.js';

type Command = TransactionData['commands'][number];
type Input = TransactionData['inputs'][number];
type Argument = NonNullable<Command['TransferObjects']>['address'];

/**
 * Reads a transaction that a client sent to be simulated; what it left open (kinds of inputs, gas) stays open.
 * @throws RpcFailure `INVALID_ARGUMENT`
 */
export function readTransaction(transaction: GrpcTypes.Transaction | undefined): TransactionData {
  if (transaction === undefined) throw invalidArgument('missing transaction');
  if (transaction.bcs?.value !== undefined) return readBytes(transaction.bcs.value);
  const data = transaction.kind?.data;
  if (data?.oneofKind !== 'programmableTransaction') {
    throw invalidArgument('transaction.kind must be a programmable_transaction');
  }
  const { inputs, commands } = data.programmableTransaction;
  return {
    version: 2,
    sender: transaction.sender === undefined ? null : normalizeSuiAddress(transaction.sender),
    expiration: readExpiration(transaction.expiration),
    gasData: readGas(transaction.gasPayment),
    inputs: inputs.map(readInput),
    commands: commands.map(readCommand),
  };
}

function readBytes(bytes: Uint8Array): TransactionData {
  try {
    return TransactionDataBuilder.fromBytes(bytes).snapshot();
  } catch (error) {
    throw invalidArgument(`transaction.bcs is no BCS of TransactionData: ${messageOf(error)}`);
  }
}

function readGas(payment: GrpcTypes.GasPayment | undefined): TransactionData['gasData'] {
  const references = (payment?.objects ?? []).map(({ objectId, version, digest }) => ({
    objectId: required(objectId, 'gas_payment.objects.object_id'),
    version: String(required(version, 'gas_payment.objects.version')),
    digest: required(digest, 'gas_payment.objects.digest'),
  }));
  return {
    owner: payment?.owner === undefined ? null : normalizeSuiAddress(payment.owner),
    payment: references.length === 0 ? null : references,
    price: payment?.price === undefined ? null : String(payment.price),
    budget: payment?.budget === undefined ? null : String(payment.budget),
  };
}

function readExpiration(
  expiration: GrpcTypes.TransactionExpiration | undefined,
): TransactionData['expiration'] {
  const Kind = GrpcTypes.TransactionExpiration_TransactionExpirationKind;
  switch (expiration?.kind) {
    case Kind.EPOCH:
      return { $kind: 'Epoch', Epoch: String(expiration.epoch ?? 0n) };
    case Kind.VALID_DURING:
      return {
        $kind: 'ValidDuring',
        ValidDuring: {
          minEpoch: expiration.minEpoch === undefined ? null : String(expiration.minEpoch),
          maxEpoch: expiration.epoch === undefined ? null : String(expiration.epoch),
          minTimestamp: null,
          maxTimestamp: null,
          chain: expiration.chain ?? '',
          nonce: expiration.nonce ?? 0,
        },
      };
    case Kind.VALIDITY:
      throw invalidArgument('the dev chain takes no expiration of kind VALIDITY');
    default:
      return { $kind: 'None', None: true };
  }
}

function readInput(input: GrpcTypes.Input, index: number): Input {
  const Kind = GrpcTypes.Input_InputKind;
  if (input.kind === Kind.PURE || (input.kind === undefined && input.pure !== undefined)) {
    return { $kind: 'Pure', Pure: { bytes: toBase64(required(input.pure, `inputs[${index}].pure`)) } };
  }
  if (input.objectId === undefined) {
    throw invalidArgument(`inputs[${index}] is neither pure nor an object; the dev chain takes nothing else`);
  }
  const objectId = normalizeSuiAddress(input.objectId);
  if (input.kind === Kind.SHARED) {
    const initialSharedVersion = String(required(input.version, `inputs[${index}].version`));
    const mutable = input.mutable ?? false;
    const SharedObject = { objectId, initialSharedVersion, mutable };
    return { $kind: 'Object', Object: { $kind: 'SharedObject', SharedObject } };
  }
  if (input.kind === Kind.IMMUTABLE_OR_OWNED) {
    const ImmOrOwnedObject = {
      objectId,
      version: String(required(input.version, `inputs[${index}].version`)),
      digest: required(input.digest, `inputs[${index}].digest`),
    };
    return { $kind: 'Object', Object: { $kind: 'ImmOrOwnedObject', ImmOrOwnedObject } };
  }
  if (input.kind !== undefined && input.kind !== Kind.INPUT_KIND_UNKNOWN) {
    throw invalidArgument(`inputs[${index}] is of a kind that the dev chain does not take`);
  }
  const version = input.version === undefined ? {} : { version: String(input.version) };
  const digest = input.digest === undefined ? {} : { digest: input.digest };
  return { $kind: 'UnresolvedObject', UnresolvedObject: { objectId, ...version, ...digest } };
}

function readArgument(argument: GrpcTypes.Argument | undefined): Argument {
  const Kind = GrpcTypes.Argument_ArgumentKind;
  switch (argument?.kind) {
    case Kind.GAS:
      return { $kind: 'GasCoin', GasCoin: true };
    case Kind.INPUT:
      return { $kind: 'Input', Input: argument.input ?? 0 };
    case Kind.RESULT:
      return argument.subresult === undefined
        ? { $kind: 'Result', Result: argument.result ?? 0 }
        : { $kind: 'NestedResult', NestedResult: [argument.result ?? 0, argument.subresult] };
    default:
      throw invalidArgument('an argument has no kind');
  }
}

function readCommand({ command }: GrpcTypes.Command): Command {
  switch (command.oneofKind) {
    case 'moveCall':
      return {
        $kind: 'MoveCall',
        MoveCall: {
          package: normalizeSuiAddress(required(command.moveCall.package, 'move_call.package')),
          module: required(command.moveCall.module, 'move_call.module'),
          function: required(command.moveCall.function, 'move_call.function'),
          typeArguments: command.moveCall.typeArguments,
          arguments: command.moveCall.arguments.map(readArgument),
        },
      };
    case 'transferObjects': {
      const { objects, address } = command.transferObjects;
      const TransferObjects = { objects: objects.map(readArgument), address: readArgument(address) };
      return { $kind: 'TransferObjects', TransferObjects };
    }
    case 'splitCoins': {
      const { coin, amounts } = command.splitCoins;
      return {
        $kind: 'SplitCoins',
        SplitCoins: { coin: readArgument(coin), amounts: amounts.map(readArgument) },
      };
    }
    case 'mergeCoins': {
      const { coin, coinsToMerge } = command.mergeCoins;
      const MergeCoins = { destination: readArgument(coin), sources: coinsToMerge.map(readArgument) };
      return { $kind: 'MergeCoins', MergeCoins };
    }
    case 'makeMoveVector': {
      const { elementType, elements } = command.makeMoveVector;
      const MakeMoveVec = { type: elementType ?? null, elements: elements.map(readArgument) };
      return { $kind: 'MakeMoveVec', MakeMoveVec };
    }
    default:
      throw invalidArgument(`the dev chain does not run ${command.oneofKind ?? 'empty'} commands`);
  }
}

function required<T>(value: T | undefined, field: string): T {
  if (value === undefined) throw invalidArgument(`missing ${field}`);
  return value;
}
