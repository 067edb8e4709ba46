import { fork } from 'node:child_process';
import { once } from 'node:events';
import { Ed25519Keypair } from '@mysten/sui/keypairs/ed25519';
import { pino } from 'pino';
import { SuiChain } from '#src/chain/index.js';

/** Where the dev chain of the other process is, and the node on it. */
export interface ChainFacts {
  readonly url: string;
  readonly packageId: string;
  readonly atomaDbId: string;
  readonly badgeId: string;
  /** Decimal: messages between processes carry no bigint. */
  readonly smallId: string;
  readonly model: string;
  readonly secretKey: string;
}

/** What the chain's process is told. */
export type ChainCommand =
  | { readonly kind: 'fill'; readonly events: number; readonly ownEvery: number }
  | { readonly kind: 'live'; readonly events: number; readonly meanGapMs: number };

/** An event that was emitted live: its id and when, ms since 1970 with fractions. */
export interface LiveEvent {
  readonly id: string;
  readonly atMs: number;
}

/** The dev chain in its own process. */
export interface BenchChain {
  readonly node: { readonly smallId: bigint; readonly model: string };
  /** Adds a backlog; one event in `ownEvery` is for the node. */
  fill(events: number, ownEvery: number): Promise<void>;
  /** Resolves when all have been emitted. */
  live(events: number, meanGapMs: number): Promise<readonly LiveEvent[]>;
  /** A new connection of the node to it. */
  connect(): Promise<SuiChain>;
  stop(): Promise<void>;
}

export async function startBenchChain(): Promise<BenchChain> {
  const child = fork(new URL('./intake-chain.js', import.meta.url));
  const [facts]: ChainFacts[] = await once(child, 'message');
  if (facts === undefined) throw new Error('the dev chain said nothing');
  const command = async (message: ChainCommand): Promise<readonly LiveEvent[]> => {
    const answer = once(child, 'message');
    child.send(message);
    const [sent]: LiveEvent[][] = await answer;
    return sent ?? [];
  };
  return {
    node: { smallId: BigInt(facts.smallId), model: facts.model },
    fill: async (events, ownEvery) => void (await command({ kind: 'fill', events, ownEvery })),
    live: (events, meanGapMs) => command({ kind: 'live', events, meanGapMs }),
    connect: () => connect(facts),
    stop: async () => {
      child.disconnect();
      await once(child, 'exit');
    },
  };
}

function connect({ url, packageId, atomaDbId, badgeId, smallId, secretKey }: ChainFacts): Promise<SuiChain> {
  return SuiChain.create(
    {
      httpUrl: url,
      packageId,
      callPackageId: packageId,
      atomaDbId,
      nodeBadgeId: badgeId,
      smallId: BigInt(smallId),
      requestTimeoutMs: 10_000,
    },
    { logger: pino({ level: 'silent' }), keypair: Ed25519Keypair.fromSecretKey(secretKey) },
  );
}
