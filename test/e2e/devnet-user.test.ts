import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import t from 'tap';
import { commitmentLeaf, commitmentRoot, loadWallet, SuiChain } from '#src/chain/index.js';
import { loadConfig } from '#src/config/index.js';
import { AtomaError } from '#src/core/index.js';
import { Devnet, PromptUser, writeDevnetFiles } from '#src/devnet/index.js';

const logger = pino({ level: 'silent' });

type Test = { teardown(handler: () => Promise<unknown>): void };

async function startDevnet(t: Test) {
  const devnet = await Devnet.start({ seed: 7n }, { logger });
  t.teardown(() => devnet.stop());
  const node = devnet.addNode();
  const owner = devnet.addUser();
  const { url, packageId, tomaPackageId, atomaDbId } = devnet;
  const { secretKey, tomaCoinId } = owner;
  const user = new PromptUser(
    { url, packageId, tomaPackageId, atomaDbId, secretKey, tomaCoinId },
    { logger },
  );
  t.teardown(() => user.close());
  return { devnet, node, owner, user };
}

async function writtenFiles(t: Test, chain: Awaited<ReturnType<typeof startDevnet>>) {
  const root = await mkdtemp(join(tmpdir(), 'atoma-devnet-'));
  t.teardown(() => rm(root, { recursive: true, force: true }));
  const dir = join(root, 'files');
  const options = { dir, modelPath: 'models/atoma-tiny', precision: 'q8_0', jrpcPort: 0 };
  const write = () => writeDevnetFiles(chain.devnet, chain.node, chain.owner, options);
  return { dir, files: await write(), write };
}

/** A node's chain, from nothing but the files. */
async function chainOfFiles(t: Test, files: Awaited<ReturnType<typeof writeDevnetFiles>>) {
  const { chain } = await loadConfig({
    modelConfigPath: files.modelConfigPath,
    suiSubscriberPath: files.suiSubscriberPath,
    atomaSuiClientConfigPath: files.atomaSuiClientConfigPath,
  });
  if (chain === undefined) throw new Error('the files configure no chain');
  const wallet = await loadWallet(chain.client.configPath);
  const client = await SuiChain.create(
    {
      httpUrl: chain.subscriber.httpUrl,
      packageId: chain.subscriber.packageId,
      callPackageId: chain.client.packageId,
      atomaDbId: chain.client.atomaDbId,
      nodeBadgeId: chain.client.nodeBadgeId,
      smallId: chain.client.smallId,
      requestTimeoutMs: chain.client.requestTimeoutMs,
    },
    { logger, keypair: wallet.keypair },
  );
  t.teardown(() => client.close());
  return client;
}

t.test('the files that the dev chain writes are a configuration, a wallet and a user', async (t) => {
  const chain = await startDevnet(t);
  const { devnet, node, owner } = chain;
  const { dir, files, write } = await writtenFiles(t, chain);
  const config = await loadConfig({
    modelConfigPath: files.modelConfigPath,
    suiSubscriberPath: files.suiSubscriberPath,
    atomaSuiClientConfigPath: files.atomaSuiClientConfigPath,
  });
  t.match(config, {
    inference: {
      cacheDir: join(dir, 'cache'),
      models: [
        {
          name: devnet.model,
          devices: ['cpu'],
          precision: 'q8_0',
          modelType: join(process.cwd(), 'models/atoma-tiny'),
        },
      ],
    },
    chain: {
      subscriber: { httpUrl: devnet.url, packageId: devnet.packageId, smallId: node.smallId },
      client: {
        configPath: files.clientYamlPath,
        atomaDbId: devnet.atomaDbId,
        nodeBadgeId: node.badgeId,
        packageId: devnet.packageId,
      },
    },
  });
  const wallet = await loadWallet(files.clientYamlPath);
  t.equal(wallet.address, node.address);
  t.strictSame(wallet.warnings, []);
  t.strictSame(wallet.env, { alias: 'devnet', rpc: devnet.url, basicAuth: undefined });
  t.strictSame(JSON.parse(await readFile(files.userPath, 'utf8')), {
    key: owner.secretKey,
    address: owner.address,
    toma_coin: owner.tomaCoinId,
    url: devnet.url,
    package_id: devnet.packageId,
    toma_package_id: devnet.tomaPackageId,
    atoma_db_id: devnet.atomaDbId,
    model: devnet.model,
  });
  const mode = async (path: string) => ((await stat(path)).mode & 0o777).toString(8);
  t.strictSame(await Promise.all([dir, files.userPath, join(dir, 'sui.keystore')].map(mode)), [
    '700',
    '600',
    '600',
  ]);
  t.strictSame(await write(), files, 'writing again replaces them');
});

t.test('files of a wallet that is not registered have no ids of a registration', async (t) => {
  const { devnet, owner } = await startDevnet(t);
  const dir = await mkdtemp(join(tmpdir(), 'atoma-devnet-'));
  t.teardown(() => rm(dir, { recursive: true, force: true }));
  const options = { dir, modelPath: 'models/atoma-tiny', precision: 'q8_0', jrpcPort: 0 };
  const operator = devnet.addOperator();
  const files = await writeDevnetFiles(devnet, operator, owner, options);
  const paths = [files.suiSubscriberPath, files.atomaSuiClientConfigPath];
  for (const path of paths) t.notMatch(await readFile(path, 'utf8'), /small_id|node_badge_id/);
  const wallet = await loadWallet(files.clientYamlPath);
  t.equal(wallet.keypair.toSuiAddress(), operator.address);
});

t.test(
  'a prompt is sent, committed to by the node and seen settling, also over a dropped stream',
  async (t) => {
    const chain = await startDevnet(t);
    const { devnet, node, user } = chain;
    const { files } = await writtenFiles(t, chain);
    const client = await chainOfFiles(t, files);
    await user.start();

    const model = devnet.model;
    const sent = await Promise.all([
      user.sendPrompt({ model, prompt: 'one' }),
      user.sendPrompt({ model, prompt: 'two', temperature: 0.5, topK: 5n, prePromptTokens: [1, 2] }),
      user.sendPromptThroughGate({ model, prompt: 'three', nodesToSample: 1n }, 2n ** 64n - 1n),
    ]);
    t.equal(new Set(sent.map(({ ticketId }) => ticketId)).size, 3);
    t.strictSame(
      sent.map(({ nodes }) => nodes),
      [[node.smallId], [node.smallId], [node.smallId]],
    );
    t.equal(sent[2]?.randomSeed, 2n ** 64n - 1n);

    const text = new TextEncoder().encode('answer');
    const commit = (ticketId: string) =>
      client.submitCommitment(
        {
          ticketId,
          inputTokens: 3n,
          outputTokens: 4n,
          root: commitmentRoot(text, 1n),
          leaf: commitmentLeaf(text, 0n),
        },
        { signal: new AbortController().signal, resend: undefined, onSigned: () => undefined },
      );
    const { signal } = new AbortController();
    for (const [index, { ticketId }] of sent.entries()) {
      if (index === 1) devnet.dropStreams();
      const settlement = user.waitForSettlement(ticketId, signal);
      await commit(ticketId);
      t.match(await settlement, { ticketId, state: 'settled', oracleNodeId: undefined });
      t.match(await user.waitForSettlement(ticketId, signal), { state: 'settled' }, 'and is remembered');
    }
  },
);

t.test('what the user is told when it goes wrong', async (t) => {
  const { devnet, user } = await startDevnet(t);
  const { signal } = new AbortController();
  await t.rejects(user.waitForSettlement('0x1', signal), { code: 'not_started' });
  const unknown = await user
    .sendPrompt({ model: 'no-such-model', prompt: 'x' })
    .catch((error: unknown) => error);
  t.ok(unknown instanceof AtomaError);
  t.match(unknown, { code: 'prompt_rejected' });
  await t.rejects(user.sendPrompt({ model: devnet.model, prompt: 'x', nodesToSample: 99n }), {
    code: 'prompt_rejected',
    fields: { abortCode: Number },
  });
  await user.start();
  const { ticketId } = await user.sendPrompt({ model: devnet.model, prompt: 'x' });
  const aborted = new AbortController();
  const cancelled = t.rejects(user.waitForSettlement(ticketId, aborted.signal).then(), { code: 'cancelled' });
  const closed = t.rejects(user.waitForSettlement(ticketId, signal).then(), { code: 'closed' });
  aborted.abort();
  await cancelled;
  await user.close();
  await closed;
  await t.rejects(user.sendPrompt({ model: devnet.model, prompt: 'x' }), { code: 'closed' });
});

t.test('a chain that is gone is told from a prompt that was refused', async (t) => {
  const { devnet, user } = await startDevnet(t);
  await user.start();
  await devnet.stop();
  await t.rejects(user.sendPrompt({ model: devnet.model, prompt: 'x' }), { code: 'chain_unavailable' });
});
