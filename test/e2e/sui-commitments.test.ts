import type { SuiGrpcClient } from '@mysten/sui/grpc';
import { pino } from 'pino';
import t, { type Test } from 'tap';
import { commitmentLeaf, commitmentRoot, type SubmitOptions, SuiChain } from '#src/chain/index.js';
import type { CommitmentReceipt, SignedTransaction } from '#src/core/index.js';
import type { Devnet, DevnetNode, DevnetUser } from '#src/devnet/index.js';
import { relayNode } from '../fixtures/relay-node.js';
import { GrpcFailure } from '../fixtures/scripted-node.js';
import { keypairOf, promptEvent, send, sendPrompt, startDevnet } from './devnet-client.js';

const logger = pino({ level: 'silent' });
const never = new AbortController().signal;
const SUI = '0x2::sui::SUI';
/** What the dev chain takes for computation; storage is on top. */
const COMPUTATION_MIST = 1_000_000n;
const TEXT = Buffer.from('an answer');

interface Setup {
  readonly devnet: Devnet;
  readonly client: SuiGrpcClient;
  readonly node: DevnetNode;
  readonly user: DevnetUser;
  /** A prompt's ticket, for so many nodes. */
  ticket(nodes?: bigint): Promise<string>;
  connect(url?: string): Promise<SuiChain>;
}

async function setUp(t: Test): Promise<Setup> {
  // A checkpoint a transaction and next to none between, so that the whole ledger can be read.
  const { devnet, client } = await startDevnet(t, { checkpointMs: 60_000 });
  const [node, user] = [devnet.addNode(), devnet.addUser()];
  const ticket: Setup['ticket'] = async (nodes = 1n) => {
    const { events } = await send(client, user, sendPrompt(devnet, user, { nodes }));
    return promptEvent(events).ticket_id;
  };
  const connect: Setup['connect'] = async (url = devnet.url) => {
    const chain = await SuiChain.create(
      {
        httpUrl: url,
        packageId: devnet.packageId,
        callPackageId: devnet.packageId,
        atomaDbId: devnet.atomaDbId,
        nodeBadgeId: node.badgeId,
        smallId: node.smallId,
        requestTimeoutMs: 5_000,
      },
      { logger, keypair: keypairOf(node) },
    );
    t.teardown(() => chain.close());
    return chain;
  };
  return { devnet, client, node, user, ticket, connect };
}

function submit(
  chain: SuiChain,
  ticketId: string,
  change: Partial<SubmitOptions> = {},
): Promise<CommitmentReceipt> {
  const commitment = {
    ticketId,
    inputTokens: 4n,
    outputTokens: 2n,
    root: commitmentRoot(TEXT, 1n),
    leaf: commitmentLeaf(TEXT, 0n),
  };
  const options = { signal: never, resend: undefined, onSigned: () => undefined, ...change };
  return chain.submitCommitment(commitment, options);
}

/** Signs a commitment and ends as a process does that is killed before it sends it. */
async function signAndCrash(t: Test, chain: SuiChain, ticketId: string): Promise<SignedTransaction> {
  let kept: SignedTransaction | undefined;
  const crash = new Error('killed');
  const onSigned = (transaction: SignedTransaction): void => {
    kept = transaction;
    throw crash;
  };
  await t.rejects(submit(chain, ticketId, { onSigned }), crash);
  await chain.close();
  if (kept === undefined) throw new Error('nothing was signed');
  return kept;
}

/** Digests of the transactions that an address has on the ledger, in order. */
async function transactionsOf(client: SuiGrpcClient, address: string): Promise<string[]> {
  const { ledgerService } = client;
  const { checkpointHeight = 0n } = (await ledgerService.getServiceInfo({})).response;
  const paths = ['transactions.digest', 'transactions.transaction.sender'];
  const digests: string[] = [];
  for (let sequenceNumber = 0n; sequenceNumber <= checkpointHeight; sequenceNumber++) {
    const checkpointId = { oneofKind: 'sequenceNumber' as const, sequenceNumber };
    const { response } = await ledgerService.getCheckpoint({ checkpointId, readMask: { paths } });
    for (const { digest, transaction } of response.checkpoint?.transactions ?? []) {
      if (transaction?.sender === address && digest !== undefined) digests.push(digest);
    }
  }
  return digests;
}

async function balanceOf(client: SuiGrpcClient, owner: string): Promise<bigint> {
  const { response } = await client.stateService.getBalance({ owner, coinType: SUI });
  return response.balance?.balance ?? 0n;
}

/** Leaves so much in an account's first coin, and moves all else to another. */
async function drain(
  client: SuiGrpcClient,
  account: { readonly secretKey: string; readonly address: string },
  left: bigint,
  to: string,
): Promise<void> {
  const { objects } = await client.listCoins({ owner: account.address, coinType: SUI });
  const [gas, ...others] = objects;
  if (gas === undefined) throw new Error('no coin');
  await send(client, account, (tx) => {
    tx.setGasPayment([gas]);
    tx.setGasBudget(10_000_000n);
    const coins = others.map(({ objectId }) => tx.object(objectId));
    if (coins.length > 0) tx.mergeCoins(tx.gas, coins);
    const [kept] = tx.splitCoins(tx.gas, [tx.pure.u64(left)]);
    if (kept === undefined) throw new Error('no coin');
    tx.transferObjects([kept], account.address);
    tx.transferObjects([tx.gas], to);
  });
}

t.test('killed between signing and sending: sent again, one transaction lands', async (t) => {
  const { client, node, ticket, connect } = await setUp(t);
  const ticketId = await ticket();
  const before = await transactionsOf(client, node.address);
  const resend = await signAndCrash(t, await connect(), ticketId);
  t.strictSame(await transactionsOf(client, node.address), before, 'nothing was sent');

  const chain = await connect();
  t.equal(await chain.transactionOutcome(resend.digest, never), 'unknown');
  const onSigned = (): void => void t.fail('nothing is signed');
  const receipt = await submit(chain, ticketId, { resend, onSigned });
  t.strictSame(receipt, { digest: resend.digest, alreadyCommitted: false });
  t.equal(await chain.transactionOutcome(resend.digest, never), 'succeeded');
  t.strictSame(await transactionsOf(client, node.address), [...before, resend.digest]);
});

t.test('killed after sending, the answer lost: the same digest, one transaction', async (t) => {
  const { client, node, ticket, connect } = await setUp(t);
  const ticketId = await ticket();
  const before = await transactionsOf(client, node.address);
  const dying = new AbortController();
  const relay = await relayNode(client, ({ execute }) => ({
    executeTransaction: async (request) => {
      await execute(request);
      dying.abort();
      throw new GrpcFailure('UNAVAILABLE', 'the connection broke');
    },
  })).start();
  t.teardown(() => relay.stop());
  const first = await connect(relay.url);
  let kept: SignedTransaction | undefined;
  const onSigned = (transaction: SignedTransaction): void => {
    kept = transaction;
  };
  await t.rejects(submit(first, ticketId, { signal: dying.signal, onSigned }), { code: 'cancelled' });
  await first.close();

  const again = await connect();
  const resubmitted = { resend: kept, onSigned: () => void t.fail('nothing is signed') };
  t.strictSame(await submit(again, ticketId, resubmitted), { digest: kept?.digest, alreadyCommitted: false });
  t.strictSame(await transactionsOf(client, node.address), [...before, kept?.digest]);
});

t.test('an answer that is lost once costs one transaction and is counted once', async (t) => {
  const { client, node, ticket, connect } = await setUp(t);
  const ticketId = await ticket();
  const before = await transactionsOf(client, node.address);
  const relay = await relayNode(client, ({ execute }) => ({
    executeTransaction: async (request, attempt) => {
      const answer = await execute(request);
      if (attempt === 1) throw new GrpcFailure('UNAVAILABLE', 'the connection broke');
      return answer;
    },
  })).start();
  t.teardown(() => relay.stop());
  const chain = await connect(relay.url);
  await chain.refreshGas(never);
  const { digest } = await submit(chain, ticketId);
  t.strictSame(await transactionsOf(client, node.address), [...before, digest]);
  t.equal(chain.status().gas?.balance, await balanceOf(client, node.address));
});

t.test('a kept transaction whose gas coin moved on is built anew, once', async (t) => {
  const { client, node, user, ticket, connect } = await setUp(t);
  const ticketId = await ticket();
  const resend = await signAndCrash(t, await connect(), ticketId);
  await drain(client, node, 1_000_000_000n, user.address);
  const before = await transactionsOf(client, node.address);
  const signed: string[] = [];
  const chain = await connect();
  const receipt = await submit(chain, ticketId, {
    resend,
    onSigned: ({ digest }) => void signed.push(digest),
  });
  t.strictSame(signed, [receipt.digest]);
  t.not(receipt.digest, resend.digest);
  t.strictSame(await transactionsOf(client, node.address), [...before, receipt.digest]);
  t.equal(await chain.transactionOutcome(resend.digest, never), 'unknown');
});

t.test('a ticket that has settled is gone, unless this node settled it itself', async (t) => {
  const { ticket, connect } = await setUp(t);
  const chain = await connect();
  const ticketId = await ticket();
  let kept: SignedTransaction | undefined;
  const { digest } = await submit(chain, ticketId, {
    onSigned: (transaction) => {
      kept = transaction;
    },
  });
  await t.rejects(submit(chain, ticketId), { code: 'ticket_gone', fields: { ticketId } });
  t.strictSame(await submit(chain, ticketId, { resend: kept }), { digest, alreadyCommitted: false });
});

t.test('balance, price and runway are the chain’s, down to an empty wallet and up again', async (t) => {
  const { devnet, client, node, user, ticket, connect } = await setUp(t);
  const chain = await connect();
  t.equal(chain.status().gas, undefined);
  const full = await chain.refreshGas(never);
  t.equal(full.balance, await balanceOf(client, node.address));
  t.strictSame(chain.status().gas, full);
  t.ok(full.runwayTickets > 1_000, `a guess of ${full.runwayTickets} tickets`);

  // A commitment that settles its ticket frees storage that the user paid for: it may even bring money in.
  await submit(chain, await ticket());
  t.equal(chain.status().gas?.balance, await balanceOf(client, node.address), 'known without reading it');
  t.equal(chain.status().gas?.perCommitment, COMPUTATION_MIST);

  // One that waits for another node's pays for what it adds.
  devnet.addNode();
  const before = await balanceOf(client, node.address);
  await submit(chain, await ticket(2n));
  const after = await balanceOf(client, node.address);
  t.ok(before - after > COMPUTATION_MIST);
  t.match(chain.status().gas, { balance: after, perCommitment: before - after });

  await drain(client, node, 5n * (before - after), user.address);
  const { runwayTickets } = await chain.refreshGas(never);
  t.ok(runwayTickets >= 1 && runwayTickets <= 5, `${runwayTickets} tickets left`);
  const sendUntilRefused = async (paid: number): Promise<[number, unknown]> => {
    const ticketId = await ticket(2n);
    try {
      await submit(chain, ticketId);
    } catch (error) {
      return [paid, error];
    }
    return await sendUntilRefused(paid + 1);
  };
  const [paid, failure] = await sendUntilRefused(0);
  t.equal(paid, runwayTickets, 'as many as were promised');
  const left = await balanceOf(client, node.address);
  t.match(failure, { code: 'out_of_gas', fields: { balance: `${left}`, wallet: node.address } });
  t.match(chain.status().gas, { balance: left, runwayTickets: 0 });

  await send(client, user, (tx) => {
    const [coin] = tx.splitCoins(tx.gas, [tx.pure.u64(1_000_000_000n)]);
    if (coin !== undefined) tx.transferObjects([coin], node.address);
  });
  t.equal((await chain.refreshGas(never)).balance, left + 1_000_000_000n);
  t.match(await submit(chain, await ticket()), { alreadyCommitted: false });
});
