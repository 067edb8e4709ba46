import { Ed25519Keypair } from '@mysten/sui/keypairs/ed25519';
import { pino } from 'pino';
import t, { type Test } from 'tap';
import {
  type ChainBatch,
  commitmentLeaf,
  commitmentRoot,
  SuiChain,
  type SuiChainOptions,
} from '#src/chain/index.js';
import type { ChainEvent, Commitment, PromptEvent } from '#src/core/index.js';
import { Devnet, type DevnetNode, type DevnetOptions, PromptUser } from '#src/devnet/index.js';
import { TcpProxy } from '../fixtures/tcp-proxy.js';

const logger = pino({ level: 'silent' });
const never = new AbortController().signal;
const plainly = { signal: never, resend: undefined, onSigned: () => undefined };
const TEXT = Buffer.from('an answer');

interface Setup {
  readonly devnet: Devnet;
  /** Sends a prompt to so many nodes. */
  send(prompt: string, nodes?: number): Promise<unknown>;
  connect(node: DevnetNode, change?: Partial<SuiChainOptions>): Promise<SuiChain>;
}

async function setUp(t: Test, options: Partial<DevnetOptions> = {}): Promise<Setup> {
  const devnet = await Devnet.start({ checkpointMs: 20, ...options }, { logger });
  t.teardown(() => devnet.stop());
  const { url, packageId, tomaPackageId, atomaDbId, model } = devnet;
  const { secretKey, tomaCoinId } = devnet.addUser();
  const user = new PromptUser(
    { url, secretKey, packageId, tomaPackageId, atomaDbId, tomaCoinId },
    { logger },
  );
  t.teardown(() => user.close());
  const send: Setup['send'] = (prompt, nodes = 1) =>
    user.sendPrompt({ model, prompt, maxTokens: 16n, nodesToSample: BigInt(nodes) });
  const connect: Setup['connect'] = async (node, change = {}) => {
    const keypair = Ed25519Keypair.fromSecretKey(node.secretKey);
    const chain = await SuiChain.create(
      {
        httpUrl: devnet.url,
        packageId: devnet.packageId,
        callPackageId: devnet.packageId,
        atomaDbId: devnet.atomaDbId,
        nodeBadgeId: node.badgeId,
        smallId: node.smallId,
        requestTimeoutMs: 10_000,
        ...change,
      },
      { logger, keypair },
    );
    t.teardown(() => chain.close());
    return chain;
  };
  return { devnet, send, connect };
}

/** What node `smallId` sends for a prompt that it answered with `TEXT`. */
function commitmentTo(prompt: PromptEvent, smallId: bigint): Commitment {
  const index = BigInt(prompt.nodes.indexOf(smallId));
  const root = commitmentRoot(TEXT, prompt.chunksCount);
  return {
    ticketId: prompt.ticketId,
    inputTokens: 4n,
    outputTokens: 2n,
    root,
    leaf: commitmentLeaf(TEXT, index),
  };
}

/** Follows a chain in the background; its events can be waited for. */
class Follower {
  readonly events: ChainEvent[] = [];
  readonly batches: ChainBatch[] = [];
  readonly done: Promise<void>;
  readonly #stop = new AbortController();
  readonly #waiting: { readonly enough: () => boolean; readonly resolve: () => void }[] = [];

  constructor(chain: SuiChain, after?: string) {
    this.done = this.#run(chain, after);
  }

  /** Resolves once `enough` holds. */
  async until(enough: () => boolean): Promise<void> {
    if (enough()) return;
    await Promise.race([new Promise<void>((resolve) => this.#waiting.push({ enough, resolve })), this.done]);
    if (!enough()) throw new Error('the chain ended before that');
  }

  async prompts(count: number): Promise<PromptEvent[]> {
    const all = (): PromptEvent[] => this.events.filter((event) => event.kind === 'prompt');
    await this.until(() => all().length >= count);
    return all();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.done;
  }

  async #run(chain: SuiChain, after: string | undefined): Promise<void> {
    for await (const batch of chain.follow({ after, acceptGap: false, signal: this.#stop.signal })) {
      this.batches.push(batch);
      this.events.push(...batch.events);
      for (const { enough, resolve } of this.#waiting) if (enough()) resolve();
    }
  }
}

async function live(chain: SuiChain, after?: string): Promise<Follower> {
  const follower = new Follower(chain, after);
  await follower.until(() => chain.status().following && follower.batches.length > 0);
  return follower;
}

const texts = (prompts: readonly PromptEvent[]): string[] => prompts.map(({ params }) => params.prompt);
const numbered = (count: number): string[] => Array.from({ length: count }, (_, index) => `prompt ${index}`);

t.test('a prompt is seen, its commitment accepted, its ticket settled', async (t) => {
  const { devnet, send, connect } = await setUp(t);
  const node = devnet.addNode();
  const chain = await connect(node);
  const follower = await live(chain);
  t.match(chain.status(), { endpoint: devnet.url, chainId: devnet.chainId, address: node.address });
  await send('Hello 🦊');
  const [prompt] = await follower.prompts(1);
  if (prompt === undefined) throw new Error('no prompt');
  t.match(prompt, {
    params: { prompt: 'Hello 🦊', model: devnet.model, maxTokens: 16n, temperature: 0, topP: 1 },
    chunksCount: 1n,
    nodes: [node.smallId],
  });
  const receipt = await chain.submitCommitment(commitmentTo(prompt, node.smallId), plainly);
  t.match(receipt, { alreadyCommitted: false, digest: /^\w{40,}$/ });
  await follower.until(() => follower.events.some(({ kind }) => kind === 'settled'));
  t.strictSame(
    follower.events.map(({ kind }) => kind).filter((kind) => kind !== 'other'),
    ['prompt', 'first_submission', 'settled'],
  );
  t.ok((chain.status().checkpoint?.sequence ?? 0n) > 0n);
  await follower.stop();
  t.equal(chain.status().following, false);
});

t.test('committing twice is a success without a digest', async (t) => {
  const { devnet, send, connect } = await setUp(t);
  const nodes = [devnet.addNode(), devnet.addNode()];
  const chains = await Promise.all(nodes.map((node) => connect(node)));
  const [node, chain] = [nodes[0], chains[0]];
  if (node === undefined || chain === undefined) throw new Error('no node');
  const follower = await live(chain);
  await send('for two', 2);
  const [prompt] = await follower.prompts(1);
  if (prompt === undefined) throw new Error('no prompt');
  const commitment = commitmentTo(prompt, node.smallId);
  t.match(await chain.submitCommitment(commitment, plainly), { alreadyCommitted: false });
  t.strictSame(await chain.submitCommitment(commitment, plainly), {
    digest: undefined,
    alreadyCommitted: true,
  });
  await follower.stop();
});

t.test('a ticket that is not this node’s is refused with the abort code', async (t) => {
  const { devnet, send, connect } = await setUp(t);
  const [mine, other] = [devnet.addNode(), devnet.addNode()];
  const chain = await connect(mine);
  const follower = await live(chain);
  let foreign: PromptEvent | undefined;
  for (let sent = 1; foreign === undefined; sent++) {
    await send(`prompt ${sent}`);
    foreign = (await follower.prompts(sent)).find(({ nodes }) => nodes.includes(other.smallId));
  }
  await t.rejects(chain.submitCommitment(commitmentTo(foreign, other.smallId), plainly), {
    code: 'commitment_rejected',
    fields: { abortCode: 312_012_200 },
  });
  await follower.stop();
});

t.test('an early contract, without Random, is served too', async (t) => {
  const { devnet, send, connect } = await setUp(t, { randomArgument: false });
  const node = devnet.addNode();
  const chain = await connect(node);
  const follower = await live(chain);
  await send('hello');
  const [prompt] = await follower.prompts(1);
  if (prompt === undefined) throw new Error('no prompt');
  t.match(await chain.submitCommitment(commitmentTo(prompt, node.smallId), plainly), {
    alreadyCommitted: false,
  });
  await follower.stop();
});

t.test('many commitments at once from one wallet all settle', async (t) => {
  const { devnet, send, connect } = await setUp(t);
  const node = devnet.addNode();
  const chain = await connect(node);
  const follower = await live(chain);
  for (const text of numbered(8)) await send(text);
  const prompts = await follower.prompts(8);
  await Promise.all(
    prompts.map((prompt) => chain.submitCommitment(commitmentTo(prompt, node.smallId), plainly)),
  );
  await follower.until(() => follower.events.filter(({ kind }) => kind === 'settled').length === 8);
  t.pass('all settled');
  await follower.stop();
});

t.test('a badge that does not fit stops the start', async (t) => {
  const { devnet, connect } = await setUp(t);
  const [a, b] = [devnet.addNode(), devnet.addNode()];
  await t.rejects(connect({ ...a, smallId: b.smallId }), { code: 'small_id_mismatch' });
  await t.rejects(connect({ ...a, badgeId: b.badgeId }), { code: 'badge_not_owned' });
  await t.rejects(connect(a, { nodeBadgeId: `0x${'5e'.repeat(32)}` }), { code: 'object_not_found' });
  await t.rejects(connect(a, { atomaDbId: b.badgeId }), { code: 'wrong_object_type' });
  await t.rejects(connect(a, { callPackageId: `0x${'5e'.repeat(32)}` }), { code: 'unsupported_contract' });
});

t.test('dropped streams and a trailing index leave no gap and no duplicate', async (t) => {
  const { devnet, send, connect } = await setUp(t);
  const chain = await connect(devnet.addNode());
  const follower = await live(chain);
  const sent: string[] = [];
  for (const text of numbered(12)) {
    const release = sent.length % 4 === 1 ? devnet.holdIndex() : undefined;
    if (sent.length % 3 === 1) devnet.dropStreams();
    await send(text);
    sent.push(text);
    release?.();
  }
  t.strictSame(texts(await follower.prompts(12)), sent);
  await follower.stop();
  const ids = follower.events.map(({ id }) => id);
  t.equal(new Set(ids).size, ids.length, 'no event came twice');
});

t.test('a restart goes on from any cursor that was handed out', async (t) => {
  const { devnet, send, connect } = await setUp(t);
  const node = devnet.addNode();
  const first = await live(await connect(node));
  for (const text of numbered(6)) await send(text);
  const prompts = await first.prompts(6);
  await first.stop();
  let delivered = 0;
  for (const { events, cursor } of first.batches) {
    delivered += events.filter(({ kind }) => kind === 'prompt').length;
    const rest = prompts.slice(delivered);
    if (rest.length === 0) break;
    const again = new Follower(await connect(node), cursor);
    t.strictSame(texts(await again.prompts(rest.length)), texts(rest), `after ${delivered} prompts`);
    await again.stop();
  }
});

t.test('an endpoint that goes away and comes back, or goes quiet, loses nothing', async (t) => {
  const { devnet, send, connect } = await setUp(t);
  const proxy = await new TcpProxy(devnet.url).start();
  t.teardown(() => proxy.stop());
  const node = devnet.addNode();
  const chain = await connect(node, { httpUrl: proxy.url, idleLimitMs: 250 });
  const follower = await live(chain);
  await send('before');
  const [before] = await follower.prompts(1);
  if (before === undefined) throw new Error('no prompt');

  await proxy.stop();
  const receipt = chain.submitCommitment(commitmentTo(before, node.smallId), plainly);
  await send('while away');
  await proxy.start();
  t.strictSame(texts(await follower.prompts(2)), ['before', 'while away']);
  t.match(await receipt, { alreadyCommitted: false }, 'the commitment waited for the endpoint');

  await follower.until(() => chain.status().following);
  proxy.freeze();
  await send('while frozen');
  t.strictSame(texts(await follower.prompts(3)), ['before', 'while away', 'while frozen']);
  await follower.stop();
});

t.test('a cursor of another chain is refused', async (t) => {
  const [a, b] = [await setUp(t), await setUp(t)];
  const follower = await live(await a.connect(a.devnet.addNode()));
  const cursor = follower.batches[0]?.cursor;
  await follower.stop();
  const other = await b.connect(b.devnet.addNode(), { packageId: a.devnet.packageId });
  await t.rejects(new Follower(other, cursor).done, { code: 'foreign_cursor' });
});
