import { MARGIN_TICKETS } from '../gas-gate.js';
import type { ChainFacts } from './chain.js';
import { type Check, type Finding, fail, needed, ok, warn } from './check.js';
import { NO_ENDPOINT } from './endpoint.js';
import { suiText } from './sui-amount.js';

const AREA = 'chain';
/** A top-up is a matter of hours; at a ticket a minute this is more than one. */
const LOW_TICKETS = 100;
const NO_WALLET = 'the wallet cannot be read';

/** Checks of what the contract and the chain hold for this node. */
export function contractChecks(facts: ChainFacts): readonly Check[] {
  const { client } = facts.config;
  const reachable = async (): Promise<void> => void (await needed(facts.state(), NO_ENDPOINT));
  return [
    {
      area: AREA,
      name: 'contract',
      run: async () => {
        await reachable();
        const { packageId, atomaDbId, nodeBadgeId } = client;
        await (await facts.probe()).contract({ packageId, atomaDbId, nodeBadgeId });
        return await judgeEventPackage(facts);
      },
    },
    {
      area: AREA,
      name: 'badge',
      run: async () => {
        await reachable();
        await needed(facts.wallet(), NO_WALLET);
        await facts.registration();
        return ok(`${client.nodeBadgeId} is the wallet's, of node ${client.smallId}`);
      },
    },
    {
      area: AREA,
      name: 'gas',
      run: async (signal) => {
        await reachable();
        const { address } = await needed(facts.wallet(), NO_WALLET);
        const { balance, perCommitment, runwayTickets } = await (await facts.probe()).gas(address, signal);
        const found = `gas for ${runwayTickets} tickets: ${suiText(balance)}, at ${suiText(perCommitment)} each (a careful guess)`;
        return judgeGas(found, runwayTickets, address);
      },
    },
  ];
}

/** Events carry the address of the package that defines them: another one in the configuration hears none. */
async function judgeEventPackage(facts: ChainFacts): Promise<Finding> {
  const { client, subscriber } = facts.config;
  const shape = `${client.packageId} takes commitments in a shape that this node knows`;
  const registration = await facts.registration().catch(() => undefined);
  if (registration === undefined) return ok(shape);
  const { definingPackageId } = registration;
  if (subscriber.packageId === definingPackageId) return ok(shape);
  return fail(
    `the contract's events are those of package ${definingPackageId}, but the event subscriber's package_id is ${subscriber.packageId}: no ticket would be seen`,
    `set package_id = "${definingPackageId}" in the event subscriber's file`,
  );
}

function judgeGas(found: string, tickets: number, address: string): Finding {
  const remedy = `send SUI to ${address}`;
  if (tickets <= MARGIN_TICKETS) {
    return fail(`${found}; with ${MARGIN_TICKETS} or less the node takes none`, remedy);
  }
  return tickets < LOW_TICKETS ? warn(found, remedy) : ok(found);
}
