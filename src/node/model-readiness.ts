import type { ModelHost } from './model-host.js';

/**
 * Why models are not served as they are to be, one sentence each. What is loaded beside others that serve is no
 * reason, and a model that failed only where no other one is there.
 */
export function modelReasons({ devices, models, pending }: ModelHost, isStarting: boolean): string[] {
  const ill = devices
    .filter(({ state }) => state === 'restarting' || state === 'quarantined')
    .map(({ id, state, lastFault }) => `device ${id} is ${state}${lastFault ? `: ${lastFault}` : ''}`);
  if (isStarting) return [...ill, ...(pending.length > 0 ? pending : ['the models are not loaded yet'])];
  return models.length === 0 ? [...ill, 'no model is loaded'] : ill;
}

/** What the operator should know of a node that serves all the same, one sentence each. */
export function modelWarnings({ failed, pending }: ModelHost, isStarting: boolean): readonly string[] {
  const missing = failed.map(
    ({ name, device, error }) => `model ${name} is not served on device ${device}: ${error.message}`,
  );
  return isStarting ? missing : [...missing, ...pending];
}
