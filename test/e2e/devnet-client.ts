import { ChannelCredentials } from '@grpc/grpc-js';
import { SimulationError } from '@mysten/sui/client';
import { GrpcTypes, SuiGrpcClient } from '@mysten/sui/grpc';
import { Ed25519Keypair } from '@mysten/sui/keypairs/ed25519';
import { Transaction } from '@mysten/sui/transactions';
import { normalizeSuiAddress } from '@mysten/sui/utils';
import { GrpcTransport } from '@protobuf-ts/grpc-transport';
import { pino } from 'pino';
import type { Test } from 'tap';
import { commitmentLeaf, commitmentRoot, EVENT_LAYOUTS, floatToBits } from '#src/chain/index.js';
import { Devnet, type DevnetNode, type DevnetOptions, type DevnetUser } from '#src/devnet/index.js';

export interface DevnetFixture {
  readonly devnet: Devnet;
  readonly client: SuiGrpcClient;
}

/** A dev chain with a client as the node has it; both go when the test ends. */
export async function startDevnet(t: Test, options: Partial<DevnetOptions> = {}): Promise<DevnetFixture> {
  const devnet = await Devnet.start({ seed: 7n, ...options }, { logger: pino({ level: 'silent' }) });
  const transport = new GrpcTransport({
    host: devnet.url.slice('http://'.length),
    channelCredentials: ChannelCredentials.createInsecure(),
  });
  t.teardown(async () => {
    transport.close();
    await devnet.stop();
  });
  return { devnet, client: new SuiGrpcClient({ network: 'devnet', transport }) };
}

export function keypairOf(account: { readonly secretKey: string }): Ed25519Keypair {
  return Ed25519Keypair.fromSecretKey(account.secretKey);
}

/** Signs, executes and answers the transaction, failed or not. */
export async function send(
  client: SuiGrpcClient,
  account: { readonly secretKey: string },
  build: (tx: Transaction) => void,
) {
  const transaction = new Transaction();
  build(transaction);
  const result = await client.signAndExecuteTransaction({
    transaction,
    signer: keypairOf(account),
    include: { effects: true, events: true, balanceChanges: true },
  });
  return result.$kind === 'Transaction' ? result.Transaction : result.FailedTransaction;
}

export interface PromptOptions {
  readonly prompt?: string;
  readonly maxTokens?: bigint;
  readonly nodes?: bigint | null;
  readonly maxFee?: bigint;
  readonly model?: string;
}

/** `prompts::send_prompt` with a user's coin. */
export function sendPrompt(devnet: Devnet, user: DevnetUser, options: PromptOptions = {}) {
  return (tx: Transaction): void => {
    tx.moveCall({
      target: `${devnet.packageId}::prompts::send_prompt`,
      arguments: [
        tx.object(devnet.atomaDbId),
        tx.object(user.tomaCoinId),
        tx.pure.string(options.model ?? devnet.model),
        tx.pure.vector('u8', [0xa4, 0x49, 0x70, 0x66, 0x73]),
        tx.pure.vector('u32', []),
        tx.pure.bool(false),
        tx.pure.u64(options.maxFee ?? 1n),
        tx.pure.string(options.prompt ?? 'The sea is'),
        tx.pure.bool(true),
        tx.pure.u64(options.maxTokens ?? 16n),
        tx.pure.u64(64n),
        tx.pure.u32(floatToBits(1.1)),
        tx.pure.u32(floatToBits(0.8)),
        tx.pure.u64(40n),
        tx.pure.u32(floatToBits(0.9)),
        tx.pure.option('u64', options.nodes === undefined ? 1n : options.nodes),
        tx.object.random(),
      ],
    });
  };
}

/** What a commitment says; the text stands for the output. */
export interface CommitmentOptions {
  readonly text: string;
  readonly ticketId: string;
  readonly index?: bigint;
  readonly chunks?: bigint;
  readonly inputTokens?: bigint;
  readonly outputTokens?: bigint;
}

/** `settlement::submit_commitment` by a node. */
export function commit(devnet: Devnet, node: DevnetNode, options: CommitmentOptions) {
  const data = new TextEncoder().encode(options.text);
  return (tx: Transaction): void => {
    tx.moveCall({
      target: `${devnet.packageId}::settlement::submit_commitment`,
      arguments: [
        tx.object(devnet.atomaDbId),
        tx.object(node.badgeId),
        tx.pure.id(options.ticketId),
        tx.pure.u64(options.inputTokens ?? 4n),
        tx.pure.u64(options.outputTokens ?? 6n),
        tx.pure.vector('u8', commitmentRoot(data, options.chunks ?? 1n)),
        tx.pure.vector('u8', commitmentLeaf(data, options.index ?? 0n)),
        tx.object.random(),
      ],
    });
  };
}

interface EventLike {
  readonly eventType: string;
  readonly bcs: Uint8Array;
}

/** The prompt event among a transaction's events, parsed. */
export function promptEvent(events: readonly EventLike[]) {
  const event = events.find(({ eventType }) => eventType.endsWith('::gate::Text2TextPromptEvent'));
  if (event === undefined) throw new Error(`no prompt event among ${events.map((e) => e.eventType).join()}`);
  return EVENT_LAYOUTS['gate::Text2TextPromptEvent'].parse(event.bcs);
}

/** Names of events, without their package. */
export function eventNames(events: readonly { readonly eventType: string }[]): string[] {
  return events.map(({ eventType }) => eventType.split('::').slice(1).join('::'));
}

/** The filter for every event of the contract. */
export function packageFilter(devnet: Devnet): GrpcTypes.EventFilter {
  const eventType = { eventType: devnet.packageId };
  const predicate = { oneofKind: 'eventType' as const, eventType };
  return GrpcTypes.EventFilter.create({ terms: [{ literals: [{ negated: false, predicate }] }] });
}

/** TOMA of an address. */
export async function tomaBalance(fixture: DevnetFixture, owner: string): Promise<bigint> {
  const coinType = `${fixture.devnet.tomaPackageId}::toma::TOMA`;
  const { balance } = await fixture.client.getBalance({ owner: normalizeSuiAddress(owner), coinType });
  return BigInt(balance.balance);
}

/** The abort code that building a transaction ended with; undefined where it ended otherwise. */
export async function simulatedAbort(building: Promise<unknown>): Promise<string | undefined> {
  try {
    await building;
    return undefined;
  } catch (error) {
    const failure = error instanceof SimulationError ? error.executionError : undefined;
    return failure?.$kind === 'MoveAbort' ? failure.MoveAbort.abortCode : undefined;
  }
}
