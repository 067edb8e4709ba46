import { GrpcTypes } from '@mysten/sui/grpc';
import { normalizeSuiAddress } from '@mysten/sui/utils';
import type { PartialMessage } from '@protobuf-ts/runtime';
import type { EventIndex } from '../event-index.js';
import type { Checkpoint } from '../ledger/checkpoints.js';
import type { Ledger } from '../ledger/ledger.js';
import type { StoredObject } from '../ledger/objects.js';
import { ReadMask } from '../read-mask.js';
import { encodedStream, type ServiceBinding, unary } from '../rpc-method.js';
import { invalidArgument, notFound, RpcFailure } from '../status.js';
import type { EventFrames } from './event-frames.js';
import { listEvents } from './list-events.js';
import { DEFAULT_CHECKPOINT_FIELDS, maskedCheckpoint } from './render-checkpoint.js';
import { renderEpoch } from './render-epoch.js';
import { DEFAULT_OBJECT_FIELDS, maskedObject } from './render-object.js';
import { DEFAULT_TRANSACTION_FIELDS, renderCommitted } from './render-transaction.js';
import { timestamp } from './timestamp.js';

/** What a full node calls a chain that is none of the public ones. */
const CHAIN_NAME = 'unknown';
const SERVER_NAME = 'atoma-devnet';

interface LedgerModules {
  readonly ledger: Ledger;
  readonly index: EventIndex;
  readonly frames: EventFrames;
  readonly chainId: string;
}

/** `sui.rpc.v2.LedgerService` */
export function ledgerService(modules: LedgerModules): ServiceBinding {
  const { ledger } = modules;
  const T = GrpcTypes;
  return {
    type: T.LedgerService,
    methods: {
      GetServiceInfo: unary(T.GetServiceInfoRequest, T.GetServiceInfoResponse, () => serviceInfo(modules)),
      GetObject: unary(T.GetObjectRequest, T.GetObjectResponse, (request) => {
        const mask = new ReadMask(T.Object, request.readMask, DEFAULT_OBJECT_FIELDS);
        return { object: maskedObject(findObject(ledger, request), mask) };
      }),
      BatchGetObjects: unary(T.BatchGetObjectsRequest, T.BatchGetObjectsResponse, (request) =>
        batchGetObjects(ledger, request),
      ),
      GetTransaction: unary(T.GetTransactionRequest, T.GetTransactionResponse, (request) => {
        const mask = new ReadMask(T.ExecutedTransaction, request.readMask, DEFAULT_TRANSACTION_FIELDS);
        return { transaction: getTransaction(ledger, request.digest, mask) };
      }),
      BatchGetTransactions: unary(T.BatchGetTransactionsRequest, T.BatchGetTransactionsResponse, (request) =>
        batchGetTransactions(ledger, request),
      ),
      GetCheckpoint: unary(T.GetCheckpointRequest, T.GetCheckpointResponse, (request) => {
        const mask = new ReadMask(T.Checkpoint, request.readMask, DEFAULT_CHECKPOINT_FIELDS);
        return { checkpoint: maskedCheckpoint(findCheckpoint(ledger, request.checkpointId), mask) };
      }),
      GetEpoch: unary(T.GetEpochRequest, T.GetEpochResponse, (request) => {
        const mask = new ReadMask(T.Epoch, request.readMask, ['epoch']);
        return { epoch: mask.apply(renderEpoch(ledger, request.epoch)) };
      }),
      ListEvents: encodedStream(T.ListEventsRequest, (request, sink) => listEvents(modules, request, sink)),
    },
  };
}

function serviceInfo({ ledger, chainId }: LedgerModules): PartialMessage<GrpcTypes.GetServiceInfoResponse> {
  const tip = ledger.checkpoints.get(ledger.checkpoints.tip);
  return {
    chainId,
    chain: CHAIN_NAME,
    epoch: ledger.epoch.epoch,
    checkpointHeight: ledger.checkpoints.tip,
    timestamp: timestamp(tip?.timestampMs ?? 0),
    lowestAvailableCheckpoint: ledger.checkpoints.lowest,
    lowestAvailableCheckpointObjects: ledger.checkpoints.lowest,
    server: SERVER_NAME,
  };
}

function findObject(ledger: Ledger, { objectId, version }: GrpcTypes.GetObjectRequest): StoredObject {
  if (objectId === undefined) throw invalidArgument('missing object_id');
  const id = normalizeSuiAddress(objectId);
  const object = version === undefined ? ledger.objects.get(id) : ledger.objects.getVersion(id, version);
  if (object !== undefined) return object;
  throw notFound(`Object ${id}${version === undefined ? '' : ` with version ${version}`} not found`);
}

function batchGetObjects(
  ledger: Ledger,
  request: GrpcTypes.BatchGetObjectsRequest,
): PartialMessage<GrpcTypes.BatchGetObjectsResponse> {
  const mask = new ReadMask(GrpcTypes.Object, request.readMask, DEFAULT_OBJECT_FIELDS);
  const objects = request.requests.map((one) => {
    return orError(() => {
      return { oneofKind: 'object' as const, object: maskedObject(findObject(ledger, one), mask) };
    });
  });
  return { objects: objects.map((result) => ({ result })) };
}

function getTransaction(
  ledger: Ledger,
  digest: string | undefined,
  mask: ReadMask<GrpcTypes.ExecutedTransaction>,
): GrpcTypes.ExecutedTransaction {
  if (digest === undefined) throw invalidArgument('missing digest');
  const transaction = ledger.transaction(digest);
  if (transaction === undefined) throw notFound(`Transaction ${digest} not found`);
  return mask.apply(renderCommitted(transaction, mask));
}

function batchGetTransactions(
  ledger: Ledger,
  request: GrpcTypes.BatchGetTransactionsRequest,
): PartialMessage<GrpcTypes.BatchGetTransactionsResponse> {
  const mask = new ReadMask(GrpcTypes.ExecutedTransaction, request.readMask, DEFAULT_TRANSACTION_FIELDS);
  const transactions = request.digests.map((digest) => {
    return orError(() => {
      return { oneofKind: 'transaction' as const, transaction: getTransaction(ledger, digest, mask) };
    });
  });
  return { transactions: transactions.map((result) => ({ result })) };
}

/** In a batch, what is missing is an error of its own and fails nothing else. */
function orError<T>(find: () => T) {
  try {
    return find();
  } catch (error) {
    if (!(error instanceof RpcFailure)) throw error;
    const details = { code: error.status, message: error.message, details: [] };
    return { oneofKind: 'error' as const, error: details };
  }
}

function findCheckpoint(ledger: Ledger, id: GrpcTypes.GetCheckpointRequest['checkpointId']): Checkpoint {
  const { checkpoints } = ledger;
  const found =
    id.oneofKind === 'sequenceNumber'
      ? checkpoints.get(id.sequenceNumber)
      : id.oneofKind === 'digest'
        ? checkpoints.find(id.digest)
        : checkpoints.get(checkpoints.tip);
  if (found !== undefined) return found;
  throw notFound(
    `Checkpoint ${id.oneofKind === 'digest' ? id.digest : String(Reflect.get(id, 'sequenceNumber'))} not found`,
  );
}
