import { GrpcTypes } from '@mysten/sui/grpc';
import type { Argument, CallArg, TransactionData } from '@mysten/sui/transactions';
import { fromBase64 } from '@mysten/sui/utils';
import type { PartialMessage } from '@protobuf-ts/runtime';
import { AtomaError } from '../../core/index.js';

type Command = TransactionData['commands'][number];

/** A transaction in Sui's gRPC form; its BCS bytes are added by whoever has them. */
export function renderTransactionData(data: TransactionData): PartialMessage<GrpcTypes.Transaction> {
  const rendered: PartialMessage<GrpcTypes.Transaction> = {
    version: 1,
    kind: {
      kind: GrpcTypes.TransactionKind_Kind.PROGRAMMABLE_TRANSACTION,
      data: {
        oneofKind: 'programmableTransaction',
        programmableTransaction: GrpcTypes.ProgrammableTransaction.create({
          inputs: data.inputs.map(renderInput),
          commands: data.commands.map(renderCommand),
        }),
      },
    },
    gasPayment: renderGas(data),
    expiration: renderExpiration(data.expiration),
  };
  if (data.sender != null) rendered.sender = data.sender;
  return rendered;
}

function renderGas({ gasData, sender }: TransactionData): PartialMessage<GrpcTypes.GasPayment> {
  const payment: PartialMessage<GrpcTypes.GasPayment> = {
    objects: (gasData.payment ?? []).map((reference) => ({
      ...reference,
      version: BigInt(reference.version),
    })),
  };
  const owner = gasData.owner ?? sender;
  if (owner != null) payment.owner = owner;
  if (gasData.price != null) payment.price = BigInt(gasData.price);
  if (gasData.budget != null) payment.budget = BigInt(gasData.budget);
  return payment;
}

function renderExpiration(
  expiration: TransactionData['expiration'],
): PartialMessage<GrpcTypes.TransactionExpiration> {
  const Kind = GrpcTypes.TransactionExpiration_TransactionExpirationKind;
  if (expiration?.Epoch !== undefined) return { kind: Kind.EPOCH, epoch: BigInt(expiration.Epoch) };
  const during = expiration?.ValidDuring;
  if (during === undefined) return { kind: Kind.NONE };
  const rendered: PartialMessage<GrpcTypes.TransactionExpiration> = {
    kind: Kind.VALID_DURING,
    chain: during.chain,
    nonce: during.nonce,
  };
  if (during.minEpoch !== null) rendered.minEpoch = BigInt(during.minEpoch);
  if (during.maxEpoch !== null) rendered.epoch = BigInt(during.maxEpoch);
  return rendered;
}

function renderInput(input: CallArg): PartialMessage<GrpcTypes.Input> {
  const Kind = GrpcTypes.Input_InputKind;
  if (input.Pure !== undefined) return { kind: Kind.PURE, pure: fromBase64(input.Pure.bytes) };
  const owned = input.Object?.ImmOrOwnedObject;
  if (owned !== undefined) {
    return { kind: Kind.IMMUTABLE_OR_OWNED, ...owned, version: BigInt(owned.version) };
  }
  const shared = input.Object?.SharedObject;
  if (shared !== undefined) {
    return {
      kind: Kind.SHARED,
      objectId: shared.objectId,
      version: BigInt(shared.initialSharedVersion),
      mutable: shared.mutable,
      mutability: shared.mutable ? GrpcTypes.Input_Mutability.MUTABLE : GrpcTypes.Input_Mutability.IMMUTABLE,
    };
  }
  throw new AtomaError('internal', `An input of kind ${input.$kind} was accepted but cannot be shown.`);
}

function renderArgument(argument: Argument): PartialMessage<GrpcTypes.Argument> {
  const Kind = GrpcTypes.Argument_ArgumentKind;
  if ('NestedResult' in argument && argument.NestedResult !== undefined) {
    const [result, subresult] = argument.NestedResult;
    return { kind: Kind.RESULT, result, subresult };
  }
  if ('Result' in argument && argument.Result !== undefined)
    return { kind: Kind.RESULT, result: argument.Result };
  if ('Input' in argument && argument.Input !== undefined) return { kind: Kind.INPUT, input: argument.Input };
  return { kind: Kind.GAS };
}

function renderCommand(command: Command): PartialMessage<GrpcTypes.Command> {
  if (command.MoveCall !== undefined) {
    const { package: packageId, module, function: name, typeArguments, arguments: args } = command.MoveCall;
    const moveCall = { package: packageId, module, function: name, typeArguments: [...typeArguments] };
    return {
      command: { oneofKind: 'moveCall', moveCall: { ...moveCall, arguments: args.map(renderArgument) } },
    };
  }
  if (command.TransferObjects !== undefined) {
    const { objects, address } = command.TransferObjects;
    const transferObjects = { objects: objects.map(renderArgument), address: renderArgument(address) };
    return { command: { oneofKind: 'transferObjects', transferObjects } };
  }
  if (command.SplitCoins !== undefined) {
    const { coin, amounts } = command.SplitCoins;
    const splitCoins = { coin: renderArgument(coin), amounts: amounts.map(renderArgument) };
    return { command: { oneofKind: 'splitCoins', splitCoins } };
  }
  if (command.MergeCoins !== undefined) {
    const { destination, sources } = command.MergeCoins;
    const mergeCoins = { coin: renderArgument(destination), coinsToMerge: sources.map(renderArgument) };
    return { command: { oneofKind: 'mergeCoins', mergeCoins } };
  }
  if (command.MakeMoveVec !== undefined) {
    const { type, elements } = command.MakeMoveVec;
    const makeMoveVector = GrpcTypes.MakeMoveVector.create({ elements: elements.map(renderArgument) });
    if (type != null) makeMoveVector.elementType = type;
    return { command: { oneofKind: 'makeMoveVector', makeMoveVector } };
  }
  return { command: { oneofKind: undefined } };
}
