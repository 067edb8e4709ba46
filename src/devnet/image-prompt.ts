import { bcs } from '@mysten/sui/bcs';
import { Transaction } from '@mysten/sui/transactions';
import { floatToBits } from '../chain/index.js';
import { IPFS_DESTINATION, MAX_FEE_PER_TOKEN, type PromptObjects } from './prompt-transaction.js';

/** An image that a user asks for. */
export interface ImagePromptRequest {
  /** As the contract knows it; of modality text2image. */
  readonly model: string;
  readonly prompt: string;
  /** In pixels; default 64. */
  readonly width?: bigint;
  /** In pixels; default 64. */
  readonly height?: bigint;
  /** Default 1. */
  readonly steps?: bigint;
  /** Default 1. */
  readonly nodesToSample?: bigint;
}

/** `gate::submit_text2image_prompt`: what is not asked for is off, or one. */
export function imagePromptTransaction(
  request: ImagePromptRequest,
  randomSeed: bigint,
  objects: PromptObjects,
): Transaction {
  const tx = new Transaction();
  const destination = bcs.byteVector().serialize(IPFS_DESTINATION);
  const balance = tx.moveCall({
    target: '0x2::coin::balance_mut',
    typeArguments: [`${objects.tomaPackageId}::toma::TOMA`],
    arguments: [tx.object(objects.tomaCoinId)],
  });
  const params = tx.moveCall({
    target: `${objects.packageId}::gate::create_text2image_prompt_params`,
    arguments: [
      tx.pure.u32(floatToBits(1)),
      tx.pure.u64(request.height ?? 64n),
      tx.pure.option('string', null),
      tx.pure.u32(floatToBits(0)),
      tx.pure.string(request.model),
      tx.pure.u64(request.steps ?? 1n),
      tx.pure.u64(1n),
      tx.pure(destination),
      tx.pure.string(request.prompt),
      tx.pure.u64(randomSeed),
      tx.pure.string(''),
      tx.pure.u64(request.width ?? 64n),
    ],
  });
  tx.moveCall({
    target: `${objects.packageId}::gate::submit_text2image_prompt`,
    arguments: [
      tx.object(objects.atomaDbId),
      balance,
      params,
      tx.pure.u64(MAX_FEE_PER_TOKEN),
      tx.pure.option('u64', request.nodesToSample ?? 1n),
      tx.pure(destination),
      tx.object.random(),
    ],
  });
  return tx;
}
