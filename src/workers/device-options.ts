import { availableParallelism } from 'node:os';

/** What is asked of a device process that lives, as {@link HealthWatch} measures it. */
export interface HealthLimits {
  /** How often a device process and each of its workers give a sign of life, and how often it is looked for, ms. */
  readonly heartbeatIntervalMs: number;
  /** How long the process may be silent once it has started, ms. */
  readonly heartbeatLimitMs: number;
  /** How long the event loop of a worker may stand still, ms. */
  readonly workerLimitMs: number;
  /** How long a worker that holds jobs may hand no batch to the device, ms. */
  readonly progressLimitMs: number;
  /** How long a start or a load may pass without any message of its progress, ms. */
  readonly loadLimitMs: number;
  /** How long a model that no job uses any more may take to give its memory back, ms. */
  readonly unloadLimitMs: number;
}

/** How a device that died comes back. */
export interface RestartOptions {
  /** First waiting time before a restart, doubled at each further death, ms. */
  readonly firstBackoffMs: number;
  readonly maxBackoffMs: number;
  /** A process that was ready this long ran well: deaths before it no longer count, ms. */
  readonly goodRunMs: number;
  /** Deaths in a row, with no good run between them, after which the device is quarantined. */
  readonly quarantineDeaths: number;
}

export interface DeviceOptions extends HealthLimits, RestartOptions {
  /** The module that a device process runs; it speaks the messages of protocol.ts. */
  readonly script: URL;
  /** Workers of all models that the device is to hold: their decode calls need a thread of libuv each. */
  readonly expectedWorkers: number;
  /** How long jobs of a model that is unloaded may go on before they are ended, ms. */
  readonly unloadGraceMs: number;
}

export const DEVICE_DEFAULTS: DeviceOptions = {
  script: new URL('./device.js', import.meta.url),
  // What a model on a CPU takes unless told otherwise.
  expectedWorkers: availableParallelism(),
  // Half of what the contract gives a ticket at first: most answers end in it, and those that do not can still be
  // made in time by another device.
  unloadGraceMs: 30_000,
  // Costs a message a second; the limits below are many times longer.
  heartbeatIntervalMs: 1000,
  // Its thread only passes messages on: ten times its rhythm is no load peak. A sixth of the 60 s that the
  // contract gives a ticket at first, so that the ticket can still be answered by another process.
  heartbeatLimitMs: 10_000,
  // A worker tokenizes synchronously: 0.4 s for the 1 MiB that RPC takes at most. Slow machines take longer,
  // and a prompt for each sequence can come at once.
  workerLimitMs: 30_000,
  // Counted per batch. A batch of 512 prompt tokens takes that long at 1.7 tokens/s: a slower device, such
  // as a model that is swapped in for each batch, is of no use; one that is merely slow must not be killed.
  progressLimitMs: 300_000,
  // Weights report progress as they are read. What is silent (compiling GPU kernels for a card seen for the
  // first time, reserving the context's memory) takes minutes at worst.
  loadLimitMs: 600_000,
  // Drivers free tens of gigabytes in seconds.
  unloadLimitMs: 60_000,
  // Most deaths are single ones, and loading takes longer than this by itself.
  firstBackoffMs: 500,
  // A GPU that fell off its bus or memory that another program holds may come back within a minute or so.
  maxBackoffMs: 30_000,
  // As long as the contract gives a ticket at first: a process that lived so long has answered some.
  goodRunMs: 60_000,
  // With the back-off doubling from 0.5 s, a process that dies at once is given up after some 8 s and its
  // loads. There is no window of time: what spreads five deaths without a good run is slow loading alone,
  // and a device that fails at the end of each slow load must be given up, too.
  quarantineDeaths: 5,
};
