import type { Logger } from 'pino';
import {
  type EpochState,
  type GasStatus,
  loadWallet,
  type OperatorBalances,
  type OwnedBadge,
  type SubscriptionHistory,
  type SuiOperator,
  SuiProbe,
  type TokenInfo,
} from '../../chain/index.js';
import type { RegisteredConfig } from '../../config/index.js';
import { nodeHolder, type Readiness, readReadiness, readTickets, type TicketStanding } from './local-node.js';
import { openOperator } from './open-operator.js';
import { type Told, told } from './told.js';

/** A page has a thousand events at most: as many subscriptions as a network has in years. */
const MAX_PAGES = 32;
/** What was found of the history until then is told, ms. */
const SEARCH_MS = 7_000;
const CALL_TIMEOUT_MS = 4_000;

/** A model, as the chain and the configuration have it. */
export interface ModelStanding {
  readonly model: string;
  /** Whether the chain samples this node for it. */
  readonly subscribed: Told<boolean>;
  /** By the newest event; undefined where the endpoint's history has none. */
  readonly echelon: bigint | undefined;
  /** The checkpoint in which it joined. */
  readonly since: bigint | undefined;
  /** Whether the model configuration has it; undefined where none was named. */
  readonly configured: boolean | undefined;
}

/** What the chain says of a node. */
export interface ChainStanding {
  readonly url: string;
  readonly token: TokenInfo;
  readonly balances: OperatorBalances;
  readonly epoch: EpochState;
  /** Whether the wallet owns the badge of the configuration, which it does not any more when it was destroyed. */
  readonly registered: boolean;
  readonly disabled: Told<boolean>;
  /** undefined where it is not disabled, or where the history does not tell. */
  readonly disabledEpoch: bigint | undefined;
  /** In the smallest unit of the token. */
  readonly withdrawable: Told<bigint>;
  readonly models: readonly ModelStanding[];
  readonly gas: Told<GasStatus>;
}

/** Everything that an operator wants to see at one glance. */
export interface NodeStanding {
  readonly address: string;
  readonly badge: OwnedBadge;
  readonly chain: Told<ChainStanding>;
  /** The process on this machine that works with the badge. */
  readonly process: Told<string | undefined>;
  /** undefined where no model configuration was named. */
  readonly readiness: Told<Readiness> | undefined;
  /** undefined where no node has made a journal yet. */
  readonly tickets: Told<TicketStanding | undefined>;
}

/**
 * Looks at a registered node from all sides; what fails is told of, and hides nothing else.
 * @throws AtomaError `wallet_*`
 */
export async function nodeStanding(
  config: RegisteredConfig,
  options: { readonly lockDir: string },
  modules: { readonly logger: Logger },
): Promise<NodeStanding> {
  const { inference, chain } = config;
  const { client } = chain;
  const { address, env } = await loadWallet(client.configPath);
  const [standing, readiness] = await Promise.all([
    told(chainStanding(config, env?.basicAuth, modules)),
    inference && readReadiness(inference),
  ]);
  return {
    address,
    badge: { badgeId: client.nodeBadgeId, smallId: client.smallId },
    chain: standing,
    process: await told(Promise.resolve().then(() => nodeHolder(client, options.lockDir))),
    readiness,
    tickets: await told(Promise.resolve().then(() => readTickets(client))),
  };
}

async function chainStanding(
  config: RegisteredConfig,
  basicAuth: string | undefined,
  modules: { readonly logger: Logger },
): Promise<ChainStanding> {
  const { subscriber } = config.chain;
  const operator = await openOperator(config.chain, modules);
  const options = { ...subscriber, basicAuth, callTimeoutMs: CALL_TIMEOUT_MS };
  const probe = new SuiProbe(options, modules);
  try {
    return await readChain(config, operator, probe);
  } finally {
    probe.close();
    operator.close();
  }
}

async function readChain(
  { inference, chain }: RegisteredConfig,
  operator: SuiOperator,
  probe: SuiProbe,
): Promise<ChainStanding> {
  const badge = { badgeId: chain.client.nodeBadgeId, smallId: chain.client.smallId };
  const [balances, epoch, badges, history, gas] = await Promise.all([
    operator.balances(),
    operator.epoch(),
    operator.badges(),
    told(subscriptionHistory(probe, badge.smallId)),
    told(probe.gas(operator.address, AbortSignal.timeout(SEARCH_MS))),
  ]);
  const registered = badges.some(({ badgeId }) => badgeId === badge.badgeId);
  const absent = { problem: 'the wallet does not own the badge' };
  const ask = <T>(question: () => Promise<T>): Promise<Told<T>> =>
    registered ? told(question()) : Promise.resolve(absent);
  const [disabled, withdrawable] = await Promise.all([
    ask(() => operator.isDisabled(badge.badgeId)),
    ask(async () => (await operator.preview({ kind: 'withdraw', badgeId: badge.badgeId })).tokenChange),
  ]);
  const isDisabled = 'value' in disabled && disabled.value;
  const configured = inference?.models.map(({ name }) => name);
  const { url, token } = operator;
  return {
    ...{ url, token, balances, epoch, registered, disabled, withdrawable, gas },
    disabledEpoch: isDisabled ? await operator.disabledEpoch(badge.badgeId) : undefined,
    models: await Promise.all(
      joined(history, configured).map(async (model) => ({
        ...model,
        subscribed: await ask(() => operator.isSubscribed(badge, model.model)),
      })),
    ),
  };
}

async function subscriptionHistory(probe: SuiProbe, smallId: bigint): Promise<SubscriptionHistory> {
  const { lowest } = await probe.state();
  return await probe.subscriptions({ smallId, lowest, maxPages: MAX_PAGES }, AbortSignal.timeout(SEARCH_MS));
}

/** The models that either knows, with what the history says of them. */
function joined(
  history: Told<SubscriptionHistory>,
  configured: readonly string[] | undefined,
): readonly Omit<ModelStanding, 'subscribed'>[] {
  const known = 'value' in history ? history.value.subscriptions : [];
  const names = new Set([...(configured ?? []), ...known.map(({ model }) => model)]);
  return [...names].map((model) => {
    const newest = known.find((subscription) => subscription.model === model);
    return {
      model,
      echelon: newest?.echelon,
      since: newest?.checkpoint,
      configured: configured?.includes(model),
    };
  });
}
