export type {
  Chain,
  ChainBatch,
  ChainStatus,
  DutyOptions,
  FollowOptions,
  GasStatus,
  SubmitOptions,
} from './chain.js';
export { commitmentLeaf, commitmentLeaves, commitmentRoot, MAX_CHUNKS } from './commitment.js';
export { ABORT, abortSentence } from './sui/abort-codes.js';
export { type Endpoint, openEndpoint } from './sui/endpoint.js';
export type { EpochState } from './sui/epoch.js';
export { EventSource } from './sui/event-source.js';
export { EventFollower } from './sui/follow.js';
export { keypairFromExport } from './sui/keypair.js';
export {
  EVENT_LAYOUTS,
  type EventName,
  floatFromBits,
  floatToBits,
  Text2ImagePromptParams,
  Text2TextPromptParams,
} from './sui/layout.js';
export {
  type OperatorBalances,
  type OperatorPreview,
  SuiOperator,
  type SuiOperatorOptions,
} from './sui/operator.js';
export type { OperatorAction } from './sui/operator-call.js';
export type { TokenInfo } from './sui/operator-contract.js';
export type { OperatorReceipt } from './sui/operator-sender.js';
export type { OwnedBadge } from './sui/owned-objects.js';
export { type EndpointState, SuiProbe } from './sui/probe.js';
export type { Registration } from './sui/registration.js';
export { chainUnavailable, isTransient } from './sui/rpc-errors.js';
export { SerialQueue } from './sui/serial-queue.js';
export type { SubscriptionHistory } from './sui/subscriptions.js';
export { SuiChain, type SuiChainModules, type SuiChainOptions } from './sui/sui-chain.js';
export { Tip } from './sui/tip.js';
export { loadWallet, type Wallet, type WalletEnv } from './sui/wallet.js';
