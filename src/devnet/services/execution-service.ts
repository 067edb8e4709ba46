import { GrpcTypes } from '@mysten/sui/grpc';
import { TransactionDataBuilder } from '@mysten/sui/transactions';
import { toBase64 } from '@mysten/sui/utils';
import { verifyTransactionSignature } from '@mysten/sui/verify';
import type { PartialMessage } from '@protobuf-ts/runtime';
import { messageOf } from '../../core/index.js';
import { REFERENCE_GAS_PRICE } from '../ledger/gas.js';
import type { Ledger } from '../ledger/ledger.js';
import { ReadMask } from '../read-mask.js';
import { type ServiceBinding, unary } from '../rpc-method.js';
import { invalidArgument } from '../status.js';
import { renderRan } from './render-transaction.js';
import { simulate } from './resolve.js';
import { readTransaction } from './transaction-request.js';

/** What an execution answers where the client named no fields. */
const DEFAULT_EXECUTION_FIELDS: readonly string[] = ['effects.status', 'checkpoint'];
/** As a full node: a simulation is read whole unless fields are named. */
const DEFAULT_SIMULATION_FIELDS: readonly string[] = ['*'];

/** `sui.rpc.v2.TransactionExecutionService` */
export function executionService(ledger: Ledger): ServiceBinding {
  return {
    type: GrpcTypes.TransactionExecutionService,
    methods: {
      ExecuteTransaction: unary(
        GrpcTypes.ExecuteTransactionRequest,
        GrpcTypes.ExecuteTransactionResponse,
        (request) => executeTransaction(ledger, request),
      ),
      SimulateTransaction: unary(
        GrpcTypes.SimulateTransactionRequest,
        GrpcTypes.SimulateTransactionResponse,
        (request) => simulateTransaction(ledger, request),
      ),
    },
  };
}

async function executeTransaction(
  ledger: Ledger,
  request: GrpcTypes.ExecuteTransactionRequest,
): Promise<PartialMessage<GrpcTypes.ExecuteTransactionResponse>> {
  const mask = new ReadMask(GrpcTypes.ExecutedTransaction, request.readMask, DEFAULT_EXECUTION_FIELDS);
  const value = request.transaction?.bcs?.value;
  if (value === undefined) throw invalidArgument('missing transaction.bcs: the dev chain executes BCS only');
  const bytes = Uint8Array.from(value);
  const signatures = request.signatures.map(signatureBytes);
  await verifySignatures(bytes, signatures);
  const committed = ledger.execute(bytes, signatures);
  // As on Sui, the answer comes before the transaction is known to be in a checkpoint.
  return { transaction: mask.apply(renderRan(committed, mask)) };
}

function signatureBytes({ bcs }: GrpcTypes.UserSignature): Uint8Array {
  if (bcs?.value === undefined) throw invalidArgument('missing signatures.bcs');
  return Uint8Array.from(bcs.value);
}

async function verifySignatures(bytes: Uint8Array, signatures: readonly Uint8Array[]): Promise<void> {
  const [signature, ...others] = signatures;
  if (signature === undefined || others.length > 0) {
    throw invalidArgument(`wanted the sender's signature alone, found ${signatures.length} signatures`);
  }
  try {
    const sender = TransactionDataBuilder.fromBytes(bytes).sender;
    if (sender == null) throw new TypeError('the transaction has no sender');
    await verifyTransactionSignature(bytes, toBase64(signature), { address: sender });
  } catch (error) {
    throw invalidArgument(`Invalid user signature: ${messageOf(error)}`);
  }
}

function simulateTransaction(
  ledger: Ledger,
  request: GrpcTypes.SimulateTransactionRequest,
): PartialMessage<GrpcTypes.SimulateTransactionResponse> {
  const mask = new ReadMask(
    GrpcTypes.SimulateTransactionResponse,
    request.readMask,
    DEFAULT_SIMULATION_FIELDS,
  );
  const checked = request.checks !== GrpcTypes.SimulateTransactionRequest_TransactionChecks.DISABLED;
  const asked = readTransaction(request.transaction);
  const { data, digest, outcome } = simulate(ledger, asked, checked && request.doGasSelection === true);
  const ran = { data, digest, bytes: new Uint8Array(), signatures: [], ...outcome };
  const transaction = GrpcTypes.ExecutedTransaction.create(renderRan(ran, mask, 'transaction.'));
  return mask.apply({ transaction, suggestedGasPrice: REFERENCE_GAS_PRICE });
}
