import { bcs } from '@mysten/sui/bcs';
import { Transaction, type TransactionResult } from '@mysten/sui/transactions';
import { floatToBits } from '../chain/index.js';

/** The MessagePack string `Ipfs`: four characters (0xa4), then the characters. */
export const IPFS_DESTINATION = Uint8Array.of(0xa4, 0x49, 0x70, 0x66, 0x73);
/** Far above the fees of the dev chain's model; what is not used comes back. */
export const MAX_FEE_PER_TOKEN = 1_000n;

/** What a user asks for. What is left out is greedy, unpenalised and short. */
export interface PromptRequest {
  /** As the contract knows it. */
  readonly model: string;
  readonly prompt: string;
  /** Default 64. */
  readonly maxTokens?: bigint;
  /** Default 0: greedy. */
  readonly temperature?: number;
  /** Default 1: off. */
  readonly repeatPenalty?: number;
  /** Default 0. */
  readonly repeatLastN?: bigint;
  /** Default 0: off. */
  readonly topK?: bigint;
  /** Default 1: off. */
  readonly topP?: number;
  /** Default none. */
  readonly prePromptTokens?: readonly number[];
  /** Default false. */
  readonly prependOutputWithInput?: boolean;
  /** Default true. */
  readonly shouldStreamOutput?: boolean;
  /** Default 1; null leaves it to the contract (cross-validation). */
  readonly nodesToSample?: bigint | null;
  /** MessagePack; default the unit variant `Ipfs`. */
  readonly outputDestination?: Uint8Array;
  /** In the smallest unit of TOMA; default 1000. */
  readonly maxFeePerToken?: bigint;
}

/** What the transactions are about besides the prompt. */
export interface PromptObjects {
  readonly packageId: string;
  readonly tomaPackageId: string;
  readonly atomaDbId: string;
  /** The user's `Coin<TOMA>`; fees are taken from it. */
  readonly tomaCoinId: string;
}

/** `prompts::send_prompt`: the contract draws the random seed. */
export function sendPromptTransaction(request: PromptRequest, objects: PromptObjects): Transaction {
  const tx = new Transaction();
  const fields = promptFields(tx, request);
  tx.moveCall({
    target: `${objects.packageId}::prompts::send_prompt`,
    arguments: [
      tx.object(objects.atomaDbId),
      tx.object(objects.tomaCoinId),
      fields.model,
      outputDestination(tx, request),
      fields.prePromptTokens,
      fields.prependOutputWithInput,
      tx.pure.u64(request.maxFeePerToken ?? MAX_FEE_PER_TOKEN),
      fields.prompt,
      fields.shouldStreamOutput,
      fields.maxTokens,
      fields.repeatLastN,
      fields.repeatPenalty,
      fields.temperature,
      fields.topK,
      fields.topP,
      nodesToSample(tx, request),
      tx.object.random(),
    ],
  });
  return tx;
}

/** `gate::submit_text2text_prompt`, with a random seed of the user's choice. */
export function gateTransaction(
  request: PromptRequest,
  randomSeed: bigint,
  objects: PromptObjects,
): Transaction {
  const tx = new Transaction();
  const balance = tx.moveCall({
    target: '0x2::coin::balance_mut',
    typeArguments: [`${objects.tomaPackageId}::toma::TOMA`],
    arguments: [tx.object(objects.tomaCoinId)],
  });
  tx.moveCall({
    target: `${objects.packageId}::gate::submit_text2text_prompt`,
    arguments: [
      tx.object(objects.atomaDbId),
      balance,
      promptParams(tx, request, randomSeed, objects.packageId),
      tx.pure.u64(request.maxFeePerToken ?? MAX_FEE_PER_TOKEN),
      nodesToSample(tx, request),
      outputDestination(tx, request),
      tx.object.random(),
    ],
  });
  return tx;
}

/** The fields of `Text2TextPromptParams` in alphabetical order, as the function takes them. */
function promptParams(
  tx: Transaction,
  request: PromptRequest,
  randomSeed: bigint,
  packageId: string,
): TransactionResult {
  const fields = promptFields(tx, request);
  return tx.moveCall({
    target: `${packageId}::gate::create_text2text_prompt_params`,
    arguments: [
      fields.maxTokens,
      fields.model,
      fields.prePromptTokens,
      fields.prependOutputWithInput,
      fields.prompt,
      tx.pure.u64(randomSeed),
      fields.repeatLastN,
      fields.repeatPenalty,
      fields.shouldStreamOutput,
      fields.temperature,
      fields.topK,
      fields.topP,
    ],
  });
}

/** Both ways in take the same fields, in their own order. */
function promptFields(tx: Transaction, request: PromptRequest) {
  return {
    maxTokens: tx.pure.u64(request.maxTokens ?? 64n),
    model: tx.pure.string(request.model),
    prePromptTokens: tx.pure(bcs.vector(bcs.u32()).serialize(request.prePromptTokens ?? [])),
    prependOutputWithInput: tx.pure.bool(request.prependOutputWithInput ?? false),
    prompt: tx.pure.string(request.prompt),
    repeatLastN: tx.pure.u64(request.repeatLastN ?? 0n),
    repeatPenalty: tx.pure.u32(floatToBits(request.repeatPenalty ?? 1)),
    shouldStreamOutput: tx.pure.bool(request.shouldStreamOutput ?? true),
    temperature: tx.pure.u32(floatToBits(request.temperature ?? 0)),
    topK: tx.pure.u64(request.topK ?? 0n),
    topP: tx.pure.u32(floatToBits(request.topP ?? 1)),
  };
}

function outputDestination(tx: Transaction, request: PromptRequest) {
  return tx.pure(bcs.byteVector().serialize(request.outputDestination ?? IPFS_DESTINATION));
}

function nodesToSample(tx: Transaction, request: PromptRequest) {
  const nodes = request.nodesToSample === undefined ? 1n : request.nodesToSample;
  return tx.pure(bcs.option(bcs.u64()).serialize(nodes));
}
