import type { NodeInfo, Readiness } from '../node-api.js';
import { DISPUTE_STATES } from '../wire/dispute.js';
import { TICKET_STATES } from '../wire/ticket-states.js';

/** What the node says of itself at one scrape. */
export interface NodeSnapshot {
  readonly info: NodeInfo;
  readonly readiness: Readiness;
}

/** One value of a metric. */
export interface Sample {
  readonly value: number;
  readonly labels?: Readonly<Record<string, string>>;
}

/** A metric and where its values come from; no sample means that the value is not known. */
export interface MetricDefinition {
  readonly name: string;
  readonly help: string;
  readonly type: 'gauge' | 'counter';
  readonly labels?: readonly string[];
  readonly read: (snapshot: NodeSnapshot) => readonly Sample[];
}

/** Each is shown with 0 or 1, so that a series does not vanish when the device leaves the state. */
const DEVICE_STATES = ['loading', 'ready', 'restarting', 'quarantined', 'stopped'];

/**
 * Every metric of the node. Names follow https://prometheus.io/docs/practices/naming/: base units, and
 * `_total` for counters. Integers of the chain become doubles: above 2^53 their last digits are lost.
 */
export const METRICS: readonly MetricDefinition[] = [
  {
    name: 'atoma_build_info',
    help: 'Always 1; the label names the version of the node.',
    type: 'gauge',
    labels: ['version'],
    read: ({ info }) => [{ labels: { version: info.version }, value: 1 }],
  },
  {
    name: 'atoma_uptime_seconds',
    help: 'Time since the node started.',
    type: 'gauge',
    read: ({ info }) => [{ value: info.uptimeMs / 1000 }],
  },
  {
    name: 'atoma_ready',
    help: '1 where the node takes work, 0 where it does not; GET /readyz says why.',
    type: 'gauge',
    read: ({ readiness }) => [{ value: Number(readiness.ready) }],
  },
  {
    name: 'atoma_device_state',
    help: '1 for the state that the device is in, 0 for the others.',
    type: 'gauge',
    labels: ['device', 'state'],
    read: ({ info }) => info.devices.flatMap(({ id, state }) => deviceStates(id, state)),
  },
  {
    name: 'atoma_device_restarts_total',
    help: 'Times that the process of the device was started again.',
    type: 'counter',
    labels: ['device'],
    read: ({ info }) => info.devices.map(({ id, restarts }) => ({ labels: { device: id }, value: restarts })),
  },
  {
    name: 'atoma_device_process_resident_memory_bytes',
    help: 'Resident memory of the process of the device, the weights that it has mapped and touched among them; absent while it does not run, and where the system does not tell.',
    type: 'gauge',
    labels: ['device'],
    read: ({ info }) => memory(info, ({ residentBytes }) => residentBytes),
  },
  {
    name: 'atoma_gpu_memory_used_bytes',
    help: 'Memory in use on the GPU of the device, by whomever, as its driver told about the time of the scrape before; absent for the CPU and where the driver does not tell.',
    type: 'gauge',
    labels: ['device'],
    read: ({ info }) => memory(info, ({ gpu }) => gpu?.usedBytes),
  },
  {
    name: 'atoma_gpu_memory_free_bytes',
    help: 'Memory that is free on the GPU of the device; see atoma_gpu_memory_used_bytes.',
    type: 'gauge',
    labels: ['device'],
    read: ({ info }) => memory(info, ({ gpu }) => gpu?.freeBytes),
  },
  {
    name: 'atoma_model_workers',
    help: 'Workers of the model on the device; each has batches of its own.',
    type: 'gauge',
    labels: ['device', 'model'],
    read: ({ info }) => info.models.map((model) => ({ labels: placeOf(model), value: model.workers })),
  },
  {
    name: 'atoma_model_sequences',
    help: 'Sequences of the model on the device: jobs that can run at once.',
    type: 'gauge',
    labels: ['device', 'model'],
    read: ({ info }) =>
      info.models.map((model) => ({
        labels: placeOf(model),
        value: model.workers * model.sequencesPerWorker,
      })),
  },
  {
    name: 'atoma_models_failed',
    help: 'Models that a device was to serve and does not, one a device; atoma_nodeInfo says why.',
    type: 'gauge',
    read: ({ info }) => [{ value: info.failedModels.length }],
  },
  {
    name: 'atoma_queue_waiting',
    help: 'Jobs that wait for a worker.',
    type: 'gauge',
    read: ({ info }) => [{ value: info.queue.waiting }],
  },
  {
    name: 'atoma_queue_running',
    help: 'Jobs that run.',
    type: 'gauge',
    read: ({ info }) => [{ value: info.queue.running }],
  },
  {
    name: 'atoma_queue_capacity',
    help: 'Jobs that can run at once.',
    type: 'gauge',
    read: ({ info }) => [{ value: info.queue.capacity }],
  },
  {
    name: 'atoma_tickets',
    help: 'Tickets in the journal, by the state they are in.',
    type: 'gauge',
    labels: ['state'],
    read: ({ info }) =>
      Object.values(TICKET_STATES).map((state) => ({ labels: { state }, value: info.tickets[state] ?? 0 })),
  },
  {
    name: 'atoma_late_tickets_total',
    help: 'Tickets that were committed after their deadline, or could not be.',
    type: 'counter',
    read: ({ info }) => [{ value: info.lateTickets }],
  },
  {
    name: 'atoma_disputes',
    help: 'Disputes over tickets of this node and, where it is an oracle, over those of others, by their state.',
    type: 'gauge',
    labels: ['state'],
    read: ({ info: { disputes } }) =>
      disputes === undefined
        ? []
        : Object.values(DISPUTE_STATES).map((state) => ({
            labels: { state },
            value: disputes.byState[state] ?? 0,
          })),
  },
  {
    name: 'atoma_own_disputes_total',
    help: "Settled disputes by whether this node's own commitment was right; each wrong one cost its collateral.",
    type: 'counter',
    labels: ['commitment'],
    read: ({ info: { disputes } }) =>
      disputes === undefined
        ? []
        : [
            { labels: { commitment: 'right' }, value: disputes.right },
            { labels: { commitment: 'wrong' }, value: disputes.wrong },
          ],
  },
  {
    name: 'atoma_journal_ok',
    help: '1 where the journal can be written, 0 where it cannot; absent without a chain.',
    type: 'gauge',
    read: ({ info }) => known(info.journal && Number(info.journal.fault === undefined)),
  },
  {
    name: 'atoma_checkpoint',
    help: 'Sequence number of the newest checkpoint seen; absent until one was.',
    type: 'gauge',
    read: ({ info }) => known(info.chain?.checkpoint),
  },
  {
    name: 'atoma_checkpoint_age_seconds',
    help: 'Time since the newest checkpoint was seen; absent until one was.',
    type: 'gauge',
    read: ({ info }) => known(info.chain?.checkpointAgeMs, 1 / 1000),
  },
  {
    name: 'atoma_gas_balance',
    help: 'What the wallet has for gas, in the smallest unit of the chain (MIST on Sui); absent until read.',
    type: 'gauge',
    read: ({ info }) => known(info.chain?.gas?.balance),
  },
  {
    name: 'atoma_gas_runway_tickets',
    help: 'Commitments that the gas balance pays for; absent until it was read.',
    type: 'gauge',
    read: ({ info }) => known(info.chain?.gas?.runwayTickets),
  },
  {
    name: 'atoma_event_loop_active_seconds_total',
    help: 'Time in which the main thread was busy; a rate near 1 means that it is the bottleneck.',
    type: 'counter',
    read: () => [{ value: performance.eventLoopUtilization().active / 1000 }],
  },
];

function known(value: number | bigint | string | undefined, factor = 1): readonly Sample[] {
  return value === undefined ? [] : [{ value: Number(value) * factor }];
}

function placeOf({ device, name }: NodeInfo['models'][number]): Record<string, string> {
  return { device, model: name };
}

/** A value of each device that has it. */
function memory(
  { devices }: NodeInfo,
  read: (memory: NonNullable<NodeInfo['devices'][number]['memory']>) => number | undefined,
): readonly Sample[] {
  return devices.flatMap(({ id, memory }) => {
    const value = memory && read(memory);
    return value === undefined ? [] : { labels: { device: id }, value };
  });
}

function deviceStates(device: string, current: string): readonly Sample[] {
  return [...new Set([...DEVICE_STATES, current])].map((state) => ({
    labels: { device, state },
    value: Number(state === current),
  }));
}
