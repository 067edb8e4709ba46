import type { EndpointState } from '../../chain/index.js';
import type { ChainFacts } from './chain.js';
import { type Check, type Finding, fail, needed, ok, warn } from './check.js';
import { historyCheck } from './history.js';

const AREA = 'chain';
/** A ticket's way takes several calls, one after the other. */
const SLOW_MS = 1_000;
/** Checkpoints come several times a second: what is beyond this is no checkpoint's age. */
const CLOCK_WARN_MS = 2_000;
/** Half of the 60 s that the contract gives a ticket at first. */
const CLOCK_FAIL_MS = 30_000;
/** Why a check is skipped where the endpoint is down. */
export const NO_ENDPOINT = 'the endpoint does not answer';

/** Checks of the chain's endpoint. */
export function endpointChecks(facts: ChainFacts): readonly Check[] {
  const state = (): Promise<EndpointState> => needed(facts.state(), NO_ENDPOINT);
  return [
    {
      area: AREA,
      name: 'endpoint',
      remedy: 'check http_url, and that the full node is up',
      run: async () => judgeEndpoint((await facts.probe()).url, await facts.state()),
    },
    { area: AREA, name: 'clock', run: async () => judgeClock((await state()).clockAheadMs) },
    historyCheck(facts, state),
  ];
}

function judgeEndpoint(url: string, { chainId, latencyMs, newest }: EndpointState): Finding {
  const found = `${url} answers in ${Math.ceil(latencyMs)} ms, chain ${chainId}, newest checkpoint ${newest ?? 'unknown'}`;
  return latencyMs < SLOW_MS ? ok(found) : warn(found, 'use an endpoint that is nearer or less busy');
}

/** @param aheadMs see {@link EndpointState.clockAheadMs} */
export function judgeClock(aheadMs: number | undefined): Finding {
  if (aheadMs === undefined) {
    return warn('the endpoint does not tell the time of its newest checkpoint', 'use another endpoint');
  }
  const offMs = Math.abs(aheadMs);
  const way = aheadMs < 0 ? 'behind' : 'ahead of';
  const found = `this clock is ${(offMs / 1000).toFixed(1)} s ${way} the newest checkpoint`;
  if (offMs <= CLOCK_WARN_MS) return ok(found);
  const trails = aheadMs < 0 ? '' : ', if it is not the endpoint that trails its chain';
  const remedy = `synchronise the clock (NTP)${trails}: deadlines of tickets are counted in the chain's time, and a clock that is off makes the node answer too late or give up too early`;
  return offMs > CLOCK_FAIL_MS ? fail(found, remedy) : warn(found, remedy);
}
