import type { Logger } from 'pino';
import type { InferenceConfig, ModelConfig } from '../../config/index.js';
import type { ModelInfo } from '../../core/index.js';
import { Devnet, PromptUser } from '../../devnet/index.js';
import { type ChainSide, Ensemble, type ModelProgress } from '../../node/index.js';
import type { GpuChoice } from '../../workers/index.js';
import { type CastMember, castMembers, type Part } from './cast.js';

/**
 * How long the nodes have for a commitment, ms: what the contract gives a new echelon. The dev chain's clock is
 * moved on by as much when all have committed, so that nobody waits for a dispute to be due.
 */
export const SETTLEMENT_TIMEOUT_MS = 60_000;

export interface StageOptions {
  /** For the nodes' files; the caller takes it away. */
  readonly dir: string;
  /** Its models are those that are loaded. */
  readonly inference: InferenceConfig;
  readonly model: ModelConfig;
  readonly parts: readonly Part[];
  readonly gpu: GpuChoice;
}

export interface StageModules {
  readonly logger: Logger;
  /** The log of the nodes, to whom a dispute is an error. */
  readonly nodeLogger: Logger;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: ModelProgress) => void;
  /** Once the models are there, one entry a device. */
  readonly onLoaded: (models: readonly ModelInfo[]) => void;
  /** Called where a node can follow the chain no longer. */
  readonly onFatal: (error: unknown) => void;
}

/** What a rehearsal plays on: a dev chain, a user of it, and nodes that share the model. */
export interface Stage {
  readonly chain: Devnet;
  readonly user: PromptUser;
  readonly members: readonly CastMember[];
  /** By small id. */
  readonly sides: ReadonlyMap<bigint, ChainSide>;
  /** Tickets that the machine runs at once. */
  readonly capacity: number;
}

/**
 * Loads the model and sets the stage.
 * @param closing is given what is to be called in the end, the last first, also where this throws
 * @throws AtomaError of what cannot be loaded or started; `cancelled`
 */
export async function setStage(
  options: StageOptions,
  modules: StageModules,
  closing: (() => Promise<void>)[],
): Promise<Stage> {
  const { logger, nodeLogger, signal, onFatal } = modules;
  const { inference, gpu, model } = options;
  const chain = await Devnet.start(
    { model: model.name, settlementTimeoutMs: BigInt(SETTLEMENT_TIMEOUT_MS) },
    { logger },
  );
  closing.push(() => chain.stop());
  const ensemble = new Ensemble({ inference, gpu }, { logger, nodeLogger, signal, onFatal });
  closing.push(() => ensemble.stop());
  modules.onLoaded(await ensemble.load(modules.onProgress));
  const payer = chain.addUser();
  const { url, packageId, tomaPackageId, atomaDbId } = chain;
  const user = new PromptUser({ url, packageId, tomaPackageId, atomaDbId, ...payer }, { logger });
  closing.push(() => user.close());
  const members = await castMembers(chain, payer, options);
  const sides = new Map<bigint, ChainSide>();
  for (const member of members) sides.set(member.smallId, await ensemble.join(member));
  signal.throwIfAborted();
  return { chain, user, members, sides, capacity: ensemble.capacity(model.name) };
}
