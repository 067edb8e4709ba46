import { GrpcTypes } from '@mysten/sui/grpc';
import { normalizeSuiAddress } from '@mysten/sui/utils';
import type { PartialMessage } from '@protobuf-ts/runtime';
import type { FunctionTable, MoveFunction } from '../move/function.js';
import type { MoveType, Parameter, Primitive } from '../move/types.js';
import { type ServiceBinding, unary } from '../rpc-method.js';
import { notFound } from '../status.js';

const BodyType = GrpcTypes.OpenSignatureBody_Type;
const Reference = GrpcTypes.OpenSignature_Reference;

const PRIMITIVES: Readonly<Record<Primitive, GrpcTypes.OpenSignatureBody_Type>> = {
  address: BodyType.ADDRESS,
  bool: BodyType.BOOL,
  u8: BodyType.U8,
  u16: BodyType.U16,
  u32: BodyType.U32,
  u64: BodyType.U64,
  u128: BodyType.U128,
  u256: BodyType.U256,
};

/** `sui.rpc.v2.MovePackageService`: functions with their signatures. There is no bytecode behind them. */
export function packageService(functions: FunctionTable): ServiceBinding {
  const T = GrpcTypes;
  return {
    type: T.MovePackageService,
    methods: {
      GetFunction: unary(T.GetFunctionRequest, T.GetFunctionResponse, (request) => {
        const { packageId = '0x0', moduleName = '', name = '' } = request;
        const found = functions.get(normalizeSuiAddress(packageId), moduleName, name);
        if (found === undefined) throw notFound(`Function ${packageId}::${moduleName}::${name} not found`);
        return { function: renderFunction(found) };
      }),
      GetPackage: unary(T.GetPackageRequest, T.GetPackageResponse, ({ packageId = '0x0' }) => ({
        package: renderPackage(normalizeSuiAddress(packageId), functions),
      })),
    },
  };
}

function renderPackage(id: string, functions: FunctionTable): PartialMessage<GrpcTypes.Package> {
  const found = functions.ofPackage(id);
  if (found.length === 0) throw notFound(`Package ${id} not found`);
  const modules = [...new Set(found.map(({ module }) => module))].sort();
  return {
    storageId: id,
    originalId: id,
    version: 1n,
    modules: modules.map((name) => ({
      name,
      functions: found.filter(({ module }) => module === name).map(renderFunction),
    })),
  };
}

function renderFunction(definition: MoveFunction): PartialMessage<GrpcTypes.FunctionDescriptor> {
  return {
    name: definition.name,
    visibility: GrpcTypes.FunctionDescriptor_Visibility.PUBLIC,
    isEntry: definition.isEntry,
    typeParameters: Array.from({ length: definition.typeParameters }, () => ({ isPhantom: false })),
    parameters: definition.parameters.map(renderParameter),
    returns: definition.returns.map(renderParameter),
  };
}

function renderParameter({ reference, type }: Parameter): PartialMessage<GrpcTypes.OpenSignature> {
  const body = renderType(type);
  if (reference === 'none') return { body };
  return { reference: reference === 'mutable' ? Reference.MUTABLE : Reference.IMMUTABLE, body };
}

function renderType(type: MoveType): PartialMessage<GrpcTypes.OpenSignatureBody> {
  switch (type.kind) {
    case 'primitive':
      return { type: PRIMITIVES[type.name] };
    case 'vector':
      return { type: BodyType.VECTOR, typeParameterInstantiation: [renderType(type.element)] };
    case 'parameter':
      return { type: BodyType.TYPE_PARAMETER, typeParameter: type.index };
    case 'struct':
      return {
        type: BodyType.DATATYPE,
        typeName: type.name,
        typeParameterInstantiation: type.typeArguments.map(renderType),
      };
  }
}
