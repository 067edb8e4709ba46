import type { Readiness } from '../rpc/index.js';
import type { ChainSide } from './chain-side.js';
import type { ModelHost } from './model-host.js';

export type NodeState = 'starting' | 'running' | 'stopping';

interface NodeParts {
  readonly state: NodeState;
  readonly host: ModelHost;
  /** Before it is connected, why it is not, as far as known; undefined where none is configured. */
  readonly chain: Pick<ChainSide, 'reasons'> | { readonly unreachable: string | undefined } | undefined;
}

/** Whether the node takes work, and why not. */
export function readinessOf({ state, host, chain }: NodeParts): Readiness {
  const isStarting = state === 'starting';
  const reasons = modelReasons(host, isStarting);
  if (state === 'stopping') reasons.push('the node is stopping');
  else if (chain !== undefined) reasons.push(...chainReasons(chain));
  const isReady = reasons.length === 0 && state === 'running';
  return { ready: isReady, reasons, warnings: modelWarnings(host, isStarting) };
}

function chainReasons(chain: NonNullable<NodeParts['chain']>): readonly string[] {
  if ('reasons' in chain) return chain.reasons();
  const { unreachable } = chain;
  return [`the chain is not connected yet${unreachable === undefined ? '' : `: ${unreachable}`}`];
}

/**
 * Why models are not served as they are to be, one sentence each. What is loaded beside others that serve is no
 * reason, and a model that failed only where no other one is there.
 */
function modelReasons({ devices, models, pending }: ModelHost, isStarting: boolean): string[] {
  const ill = devices
    .filter(({ state }) => state === 'restarting' || state === 'quarantined')
    .map(({ id, state, lastFault }) => `device ${id} is ${state}${lastFault ? `: ${lastFault}` : ''}`);
  if (isStarting) return [...ill, ...(pending.length > 0 ? pending : ['the models are not loaded yet'])];
  return models.length === 0 ? [...ill, 'no model is loaded'] : ill;
}

/** What the operator should know of a node that serves all the same, one sentence each. */
function modelWarnings({ failed, pending }: ModelHost, isStarting: boolean): readonly string[] {
  const missing = failed.map(
    ({ name, device, error }) => `model ${name} is not served on device ${device}: ${error.message}`,
  );
  return isStarting ? missing : [...missing, ...pending];
}
