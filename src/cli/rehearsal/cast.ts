import { join } from 'node:path';
import { type ChainConfig, loadConfig, type ModelConfig } from '../../config/index.js';
import { AtomaError, type Completion } from '../../core/index.js';
import { type Devnet, type DevnetNode, type DevnetUser, writeDevnetFiles } from '../../devnet/index.js';
import type { Member, Role } from '../../node/index.js';

/** Nodes that answer each prompt: the fewest of which two can outvote one. */
export const QUORUM = 3;

/**
 * After which the oracle asks the chain whether a dispute is due, and again with growing pauses: the dev chain's
 * clock, which is moved on, is not the oracle's.
 */
const ORACLE_TIMEOUT_MS = 1000;

/** What a node of a rehearsal is there for, and what it says instead of its model's answers, if anything. */
export interface Part extends Pick<Member, 'alterAnswer'> {
  readonly role: Role;
}

/** A registered node with its part. */
export interface CastMember extends Member, Part {
  readonly smallId: bigint;
}

/** A quorum, of which the last may lie, and an oracle. */
export function partsOf({ honest }: { readonly honest: boolean }): readonly Part[] {
  const last: Part = honest ? { role: 'honest' } : { role: 'liar', alterAnswer: lie };
  const others = Array.from({ length: QUORUM - 1 }, (): Part => ({ role: 'honest' }));
  return [...others, last, { role: 'oracle' }];
}

interface CastOptions {
  /** Each node gets a folder in it: keys, journal. */
  readonly dir: string;
  readonly model: ModelConfig;
  readonly parts: readonly Part[];
}

/** Registers a node for each part, and writes their files, as an operator has them. */
export async function castMembers(
  chain: Devnet,
  payer: DevnetUser,
  { dir, model, parts }: CastOptions,
): Promise<readonly CastMember[]> {
  const members: CastMember[] = [];
  for (const part of parts) {
    const isOracle = part.role === 'oracle';
    const node = chain.addNode({ oracle: isOracle });
    const folder = join(dir, `node-${node.smallId}`);
    const config = await chainConfigOf(chain, node, payer, { dir: folder, model });
    const { smallId } = node;
    members.push({ ...part, name: `${smallId}`, smallId, config: isOracle ? asOracle(config) : config });
  }
  return members;
}

/** Read back from the files, so that it is what these files give a node. */
async function chainConfigOf(
  chain: Devnet,
  node: DevnetNode,
  payer: DevnetUser,
  { dir, model }: { readonly dir: string; readonly model: ModelConfig },
): Promise<ChainConfig> {
  const { modelType: modelPath, precision } = model;
  const files = await writeDevnetFiles(chain, node, payer, { dir, modelPath, precision, jrpcPort: 0 });
  const { modelConfigPath, suiSubscriberPath, atomaSuiClientConfigPath } = files;
  const config = await loadConfig({ modelConfigPath, suiSubscriberPath, atomaSuiClientConfigPath });
  if (config.chain === undefined) throw new AtomaError('invalid_config', `${dir} has no chain tables`);
  return config.chain;
}

function asOracle({ subscriber, client }: ChainConfig): ChainConfig {
  return { subscriber, client: { ...client, oracle: true, settlementTimeoutMs: ORACLE_TIMEOUT_MS } };
}

/** The same counts: only the hashes give it away. */
function lie(completion: Completion): Completion {
  return { ...completion, text: `${completion.text}!` };
}
