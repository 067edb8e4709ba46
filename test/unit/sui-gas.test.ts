import { once } from 'node:events';
import type { GrpcTypes } from '@mysten/sui/grpc';
import t from 'tap';
import { connect, submit } from '../fixtures/scripted-commitments.js';
import { effects, resolved } from '../fixtures/scripted-contract.js';
import type { Script } from '../fixtures/scripted-node.js';

const { signal } = new AbortController();
const balance = (mist: bigint): GrpcTypes.GetBalanceResponse => ({ balance: { balance: mist } });
const used = (computationCost: bigint, storageCost: bigint, storageRebate: bigint) =>
  effects({ success: true }, { computationCost, storageCost, storageRebate });
/** As the validators do: a new version of the gas coin each time. */
const simulateTransaction: Script['simulateTransaction'] = (request, attempt) =>
  resolved(request, BigInt(attempt), 10n);

t.test(
  'before the first commitment the price is a guess, and the wallet is not asked unbidden',
  async (t) => {
    let reads = 0;
    const getBalance = (): GrpcTypes.GetBalanceResponse => {
      reads++;
      return balance(100_000_000n);
    };
    const chain = await connect(t, { getBalance });
    t.equal(chain.status().gas, undefined);
    t.equal(reads, 0);
    const gas = { balance: 100_000_000n, perCommitment: 10_000_000n, runwayTickets: 10 };
    t.strictSame(await chain.refreshGas(signal), gas);
    t.strictSame(chain.status().gas, gas);
  },
);

t.test(
  'a price is the dearest of the last ten commitments, rebates off, never under the computation',
  async (t) => {
    const answers = [used(3n, 40n, 3n), ...Array.from({ length: 10 }, () => used(3n, 1n, 2n))];
    let reads = 0;
    const chain = await connect(t, {
      simulateTransaction,
      executeTransaction: (_, attempt) => answers[attempt - 1] ?? used(0n, 0n, 0n),
      getBalance: () => {
        reads++;
        return balance(1_000n);
      },
    });
    await chain.refreshGas(signal);
    await submit(chain);
    // A budget of 10 must be in the wallet for the last one too: 1 + (960 - 10) / 40.
    t.strictSame(chain.status().gas, { balance: 960n, perCommitment: 40n, runwayTickets: 24 });
    for (let sent = 0; sent < 9; sent++) await submit(chain);
    t.match(chain.status().gas, { balance: 942n, perCommitment: 40n });
    await submit(chain);
    t.match(chain.status().gas, { balance: 940n, perCommitment: 3n }, 'the dear one is forgotten');
    t.equal(reads, 1, 'known without reading');
  },
);

t.test('a commitment that brings money in does not promise that the next one does', async (t) => {
  const chain = await connect(t, {
    simulateTransaction,
    executeTransaction: () => used(7n, 10n, 100n),
    getBalance: () => balance(1_000n),
  });
  await chain.refreshGas(signal);
  await submit(chain);
  t.match(chain.status().gas, { balance: 1_083n, perCommitment: 7n });
});

t.test('a reading that overlaps with a commitment is made again', async (t) => {
  const reading = new EventTarget();
  let reads = 0;
  const chain = await connect(t, {
    simulateTransaction,
    executeTransaction: () => used(5n, 0n, 0n),
    getBalance: async () => {
      if (++reads !== 2) return balance(reads === 1 ? 100n : 95n);
      reading.dispatchEvent(new Event('started'));
      await once(reading, 'go');
      return balance(100n);
    },
  });
  await chain.refreshGas(signal);
  const started = once(reading, 'started');
  const refreshed = chain.refreshGas(signal);
  await started;
  await submit(chain);
  reading.dispatchEvent(new Event('go'));
  t.match(await refreshed, { balance: 95n });
  t.equal(reads, 3);
});

t.test('a wallet without the budget has no runway', async (t) => {
  const chain = await connect(t, {
    simulateTransaction,
    executeTransaction: () => used(4n, 0n, 0n),
    getBalance: () => balance(14n),
  });
  t.match(await chain.refreshGas(signal), { runwayTickets: 0 });
  await submit(chain);
  t.match(chain.status().gas, { balance: 10n, runwayTickets: 1 });
  await submit(chain);
  t.match(chain.status().gas, { balance: 6n, runwayTickets: 0 });
});
