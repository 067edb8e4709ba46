import { Ed25519Keypair } from '@mysten/sui/keypairs/ed25519';
import { type Logger, pino } from 'pino';
import t, { type Test } from 'tap';
import { type ChainBatch, EVENT_LAYOUTS, SuiChain, type SuiChainOptions } from '#src/chain/index.js';
import type { ChainEvent } from '#src/core/index.js';
import { Devnet, type DevnetNode, type DevnetOptions, PromptUser } from '#src/devnet/index.js';

const silent = pino({ level: 'silent' });
const never = new AbortController().signal;

interface Setup {
  readonly devnet: Devnet;
  readonly node: DevnetNode;
  readonly chain: SuiChain;
  /** Messages of the chain client's log, with their levels. */
  readonly log: readonly string[];
  send(prompt: string, nodes?: bigint | null): Promise<{ readonly ticketId: string }>;
}

async function setUp(
  t: Test,
  options: Partial<DevnetOptions> = {},
  change: Partial<SuiChainOptions> = {},
): Promise<Setup> {
  const devnet = await Devnet.start({ checkpointMs: 20, ...options }, { logger: silent });
  t.teardown(() => devnet.stop());
  const { url, packageId, tomaPackageId, atomaDbId, model } = devnet;
  const node = devnet.addNode();
  const { secretKey, tomaCoinId } = devnet.addUser();
  const user = new PromptUser(
    { url, secretKey, packageId, tomaPackageId, atomaDbId, tomaCoinId },
    { logger: silent },
  );
  t.teardown(() => user.close());
  const log: string[] = [];
  const chain = await connect(devnet, node, logInto(log), change);
  t.teardown(() => chain.close());
  const send: Setup['send'] = (prompt, nodesToSample = 1n) =>
    user.sendPrompt({ model, prompt, maxTokens: 16n, nodesToSample });
  return { devnet, node, chain, log, send };
}

function logInto(lines: string[]): Logger {
  return pino({ level: 'info' }, { write: (line) => void lines.push(JSON.parse(line).msg) });
}

function connect(
  devnet: Devnet,
  node: DevnetNode,
  logger: Logger,
  change: Partial<SuiChainOptions>,
): Promise<SuiChain> {
  return SuiChain.create(
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
    { logger, keypair: Ed25519Keypair.fromSecretKey(node.secretKey) },
  );
}

interface ReadOptions {
  readonly after?: string | undefined;
  readonly acceptGap?: boolean;
  readonly onBatch?: (batch: ChainBatch) => void;
}

/** Follows until `enough` events are there. */
async function read(
  chain: SuiChain,
  enough: (events: readonly ChainEvent[]) => boolean,
  { after, acceptGap = false, onBatch }: ReadOptions = {},
) {
  const stop = new AbortController();
  const events: ChainEvent[] = [];
  let cursor = '';
  let batches = 0;
  for await (const batch of chain.follow({ after, acceptGap, signal: stop.signal })) {
    events.push(...batch.events);
    cursor = batch.cursor;
    batches++;
    onBatch?.(batch);
    if (enough(events)) stop.abort();
  }
  return { events, cursor, batches };
}

const promptsOf = (events: readonly ChainEvent[]): string[] =>
  events.flatMap((event) => (event.kind === 'prompt' ? [event.params.prompt] : []));
const prompts =
  (count: number) =>
  (events: readonly ChainEvent[]): boolean =>
    promptsOf(events).length >= count;

t.test('a full node that is restarted costs no event and no second delivery', async (t) => {
  const { devnet, chain, send } = await setUp(t);
  await send('zero');
  const { cursor } = await read(chain, () => true);
  let going: Promise<unknown> | undefined;
  const restart = async (): Promise<void> => {
    await send('one');
    const back = await devnet.goOffline();
    devnet.emitRaw(`${devnet.packageId}::gate::Unheard`, Uint8Array.of(1));
    await back();
  };
  const { events } = await read(chain, (seen) => seen.some(({ kind }) => kind === 'other'), {
    after: cursor,
    onBatch: () => {
      if (chain.status().following) going ??= restart();
    },
  });
  await going;
  t.strictSame(promptsOf(events), ['one']);
  t.equal(new Set(events.map(({ id }) => id)).size, events.length);
});

t.test('a backlog comes in batches, with the times of what asks for this node', async (t) => {
  const { devnet, node, chain, send } = await setUp(t);
  const { cursor } = await read(chain, () => true);
  const other = devnet.addNode();
  for (let n = 0; n < 8; n++) await send(`prompt ${n}`);
  devnet.advance(5_000);
  await send('for both', 2n);
  const { events, batches } = await read(chain, prompts(9), { after: cursor });
  t.ok(batches <= 2, `${batches} batches`);
  const now = Date.now() + 5_000;
  for (const event of events) {
    if (event.kind !== 'prompt') continue;
    t.ok(event.checkpoint !== undefined);
    if (!event.nodes.includes(node.smallId)) t.equal(event.timestampMs, undefined);
    else if (event.nodes.includes(other.smallId)) t.ok(Math.abs(now - Number(event.timestampMs)) < 3_000);
    else t.ok(Math.abs(now - 5_000 - Number(event.timestampMs)) < 3_000, "the chain's own time");
  }
});

t.test('a live prompt carries the time when it came, and is there at once', async (t) => {
  const { chain, send } = await setUp(t);
  let sent: Promise<unknown> | undefined;
  const { events } = await read(chain, prompts(1), {
    onBatch: () => {
      if (chain.status().following) sent ??= send('live');
    },
  });
  await sent;
  const [prompt] = events.filter(({ kind }) => kind === 'prompt');
  t.ok(Math.abs(Date.now() - (prompt?.timestampMs ?? 0)) < 3_000);
});

t.test('foreign, unknown, undecodable and longer events pass by', async (t) => {
  const { devnet, chain, send } = await setUp(t);
  const { cursor } = await read(chain, () => true);
  const layout = EVENT_LAYOUTS['settlement::RetrySettlementEvent'];
  const bytes = layout.serialize({ ticket_id: '0x1', how_many_nodes_in_echelon: 5 }).toBytes();
  const emitAll = async (): Promise<void> => {
    const { packageId } = devnet;
    devnet.emitRaw(`0x${'7'.repeat(64)}::settlement::RetrySettlementEvent`, bytes);
    devnet.emitRaw(`${packageId}::settlement::Novelty`, bytes);
    devnet.emitRaw(`${packageId}::settlement::RetrySettlementEvent`, Uint8Array.of(...bytes, 0));
    devnet.emitRaw(`${packageId}::gate::Text2TextPromptEvent`, Uint8Array.of(9, 9, 9));
    devnet.emitRaw(`${packageId}::settlement::RetrySettlementEvent`, bytes);
    await send('after all that');
  };
  await emitAll();
  const wanted = ['other', 'undecodable', 'undecodable', 'retry_settlement', 'prompt'];
  const fromHistory = await read(chain, prompts(1), { after: cursor });
  t.strictSame(
    fromHistory.events.map(({ kind }) => kind),
    wanted,
  );
  let emitted: Promise<void> | undefined;
  const live = await read(chain, prompts(1), {
    onBatch: () => {
      if (chain.status().following) emitted ??= emitAll();
    },
  });
  await emitted;
  t.strictSame(
    live.events.map(({ kind }) => kind),
    wanted,
  );
});

t.test('pruned history stops the node, unless the gap is accepted', async (t) => {
  const { devnet, chain, log, send } = await setUp(t);
  const { cursor } = await read(chain, () => true);
  await send('lost');
  devnet.prune();
  await send('kept');
  await t.rejects(
    read(chain, () => true, { after: cursor }),
    {
      code: 'history_pruned',
      message: /\d+ checkpoints are missing.*--accept-gap/,
      fields: { missing: /^\d+$/ },
    },
  );
  const { events, cursor: later } = await read(chain, prompts(1), { after: cursor, acceptGap: true });
  t.strictSame(promptsOf(events), ['kept']);
  t.ok(
    log.some((line) => line.startsWith('the endpoint has pruned events')),
    'the loss is in the log',
  );
  const stopped = await read(chain, () => true, { after: cursor, acceptGap: true });
  await read(chain, () => true, { after: stopped.cursor });
  await send('next');
  const again = await read(chain, prompts(1), { after: later });
  t.strictSame(promptsOf(again.events), ['next'], 'afterwards there is no gap any more');
});

for (const acceptGap of [false, true]) {
  t.test(`history pruned while the node was cut off, gaps accepted: ${acceptGap}`, async (t) => {
    const { devnet, chain, log, send } = await setUp(t);
    let going: Promise<void> | undefined;
    const cutOff = async (): Promise<void> => {
      const back = await devnet.goOffline();
      devnet.emitRaw(`${devnet.packageId}::gate::Lost`, Uint8Array.of(1));
      devnet.prune();
      devnet.emitRaw(`${devnet.packageId}::gate::Kept`, Uint8Array.of(1));
      await back();
    };
    const reading = read(chain, (seen) => seen.some(({ kind }) => kind === 'other'), {
      acceptGap,
      onBatch: () => {
        if (chain.status().following) going ??= cutOff();
      },
    });
    if (acceptGap) {
      const { events } = await reading;
      t.match(events, [{ kind: 'other', type: /Kept$/ }]);
      t.ok(log.some((line) => line.startsWith('the endpoint has pruned events')));
    } else {
      await t.rejects(reading, { code: 'history_pruned' });
    }
    await going;
    await send('the chain works all the same');
  });
}

t.test('a prompt is found by its ticket, and only its own', async (t) => {
  const { devnet, chain, send } = await setUp(t);
  const sent = [];
  for (let n = 0; n < 5; n++) sent.push(await send(`prompt ${n}`));
  for (const [n, { ticketId }] of sent.entries()) {
    const found = await chain.findPrompt(ticketId, never);
    t.match(found, { kind: 'prompt', ticketId, params: { prompt: `prompt ${n}` } });
    t.ok(Math.abs(Date.now() - (found?.timestampMs ?? 0)) < 5_000);
  }
  t.equal(await chain.findPrompt(`0x${'5e'.repeat(32)}`, never), undefined);
  devnet.prune();
  t.equal(await chain.findPrompt(sent[0]?.ticketId ?? '', never), undefined, 'pruned');
  const gone = new AbortController();
  gone.abort();
  await t.rejects(chain.findPrompt(sent[0]?.ticketId ?? '', gone.signal), { code: 'cancelled' });
  await devnet.goOffline();
  await t.rejects(chain.findPrompt(sent[0]?.ticketId ?? '', never), { code: 'chain_unavailable' });
});

t.test('history is read from one checkpoint to another', async (t) => {
  const { devnet, chain, send } = await setUp(t, { checkpointMs: 60_000 });
  for (let n = 0; n < 4; n++) await send(`prompt ${n}`);
  const collect = async (from: bigint, to: bigint | undefined): Promise<ChainEvent[]> => {
    const events: ChainEvent[] = [];
    for await (const page of chain.history({ from, to, signal: never })) events.push(...page);
    return events;
  };
  const all = await collect(0n, undefined);
  t.strictSame(promptsOf(all), ['prompt 0', 'prompt 1', 'prompt 2', 'prompt 3']);
  const own = all.filter(({ kind }) => kind === 'prompt');
  t.ok(own.every(({ timestampMs }) => timestampMs !== undefined));
  const [, second, third] = own.map(({ checkpoint }) => checkpoint ?? 0n);
  t.strictSame(promptsOf(await collect(second ?? 0n, third)), ['prompt 1', 'prompt 2'], 'both ends included');
  t.strictSame(promptsOf(await collect(third ?? 0n, 1_000_000n)), ['prompt 2', 'prompt 3']);
  t.strictSame(await collect(1_000_000n, undefined), []);
  devnet.prune();
  await t.rejects(collect(second ?? 0n, undefined), { code: 'history_pruned' });
});

t.test('a chain that stands still is said in the log, and so is that it moves again', async (t) => {
  const { devnet, chain, log } = await setUp(t, { checkpointMs: 60_000 }, { stallMs: 50 });
  const stands = (): boolean => log.some((line) => line.startsWith('no new checkpoint'));
  const moves = (): boolean => log.some((line) => line.startsWith('checkpoints come again'));
  const stop = new AbortController();
  const following = (async () => {
    for await (const _ of chain.follow({ after: undefined, acceptGap: false, signal: stop.signal }));
  })();
  const until = async (condition: () => boolean): Promise<void> => {
    while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
  };
  await until(stands);
  t.notOk(moves());
  devnet.advance(1);
  await until(moves);
  stop.abort();
  await following;
  t.equal(log.filter((line) => line.startsWith('no new checkpoint')).length, 1, 'once, not at every look');
});
