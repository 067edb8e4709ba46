import type { RpcConfig } from '../../config/index.js';
import { checkAccess } from '../../rpc/index.js';
import { type Check, type Finding, fail, ok, warn } from './check.js';

const DAY_MS = 86_400_000;
/** Authorities that renew by themselves do so a month before the end; where that has failed for two weeks, somebody is needed. */
const RENEW_BEFORE_DAYS = 14;

/** Who may use the node over RPC, and what it shows them. */
export function accessCheck(rpc: RpcConfig): Check {
  return { area: 'rpc', name: 'access', run: () => judge(rpc) };
}

async function judge(rpc: RpcConfig): Promise<Finding> {
  const { activeKeys, certificateEnds } = await checkAccess(rpc);
  const who = activeKeys === 0 ? 'this machine alone, without keys' : `${activeKeys} API keys`;
  if (certificateEnds === undefined) return ok(`open to ${who}, without TLS`);
  const days = Math.floor((certificateEnds.getTime() - Date.now()) / DAY_MS);
  const found = `open to ${who}; the certificate ${rpc.tls?.certFile} ends on ${certificateEnds.toISOString()}`;
  const remedy = 'renew it: the node takes the new one by itself';
  if (days < 0) return fail(found, remedy);
  return days < RENEW_BEFORE_DAYS ? warn(found, remedy) : ok(found);
}
