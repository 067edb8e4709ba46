import type { Ticket, TicketState } from '#src/core/index.js';
import type { NodeInfo } from '#src/rpc/index.js';

export function ticket(id: string, state: TicketState): Ticket {
  return {
    id,
    eventId: 'digest:0',
    params: {
      model: 'tiny',
      prompt: 'hello',
      prePromptTokens: [1, 2],
      prependOutputWithInput: false,
      maxTokens: 18_446_744_073_709_551_615n,
      randomSeed: 9_007_199_254_740_993n,
      repeatLastN: 64n,
      repeatPenalty: 1,
      shouldStreamOutput: true,
      temperature: 0.5,
      topK: 0n,
      topP: 1,
    },
    leafIndex: 0n,
    chunksCount: 3n,
    outputDestination: new Uint8Array([0xa4, 0x49]),
    receivedAtMs: 1000,
    deadlineMs: 61_000,
    late: false,
    firstTokenAtMs: undefined,
    state,
    history: [{ state: 'received', atMs: 1000, reason: undefined }],
    answer: undefined,
    digest: undefined,
    error: undefined,
  };
}

/** A node that has seen faults, and says all that it can. */
export function troubledInfo(info: NodeInfo): NodeInfo {
  return {
    ...info,
    chain: {
      name: 'sui',
      endpoint: 'https://fullnode.example',
      chainId: '4btiuiMPvEENsttpZC7CZ53DruC3MAgfznDbASZ7DR6S',
      address: '0xab',
      following: true,
      checkpoint: '9007199254740993',
      checkpointAgeMs: 1500,
      gas: { balance: 18_446_744_073_709_551_615n, perCommitment: 2_000_000n, runwayTickets: 41 },
    },
    devices: [
      ...info.devices,
      {
        id: 'GPU "0"\\\n',
        state: 'quarantined',
        models: ['tiny'],
        restarts: 5,
        lastFault: 'killed by SIGABRT',
      },
    ],
    failedModels: [{ name: 'large', device: '0', code: 'model_load_failed', message: 'out of memory' }],
    lateTickets: 3,
    disputes: { byState: { open: 1, settled: 2 }, right: 1, wrong: 1 },
    journal: { path: '/data/journal.sqlite', fault: 'the disk is full' },
  };
}
