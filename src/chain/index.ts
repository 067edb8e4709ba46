export type { Chain, ChainItem, ChainStatus } from './chain.js';
export { commitmentLeaf, commitmentRoot, MAX_CHUNKS } from './commitment.js';
export { ABORT, abortSentence } from './sui/abort-codes.js';
export { type Endpoint, openEndpoint } from './sui/endpoint.js';
export {
  EVENT_LAYOUTS,
  type EventName,
  floatFromBits,
  floatToBits,
  Text2TextPromptParams,
} from './sui/layout.js';
export { SuiChain, type SuiChainModules, type SuiChainOptions } from './sui/sui-chain.js';
export { loadWallet, type Wallet, type WalletEnv } from './sui/wallet.js';
