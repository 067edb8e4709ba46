import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { ConfigError, loadConfig } from '#src/config/index.js';
import { DEFAULT_LIMITS } from '#src/rpc/options.js';
import { CLIENT, configFolder, MODEL, problemLines, SUBSCRIBER } from './config-folder.js';

const ID = `0x${'1'.repeat(64)}`;

t.test('the three files of the seed', async (t) => {
  const { dir, write } = await configFolder(t);
  const config = await loadConfig({
    modelConfigPath: await write('model.toml', MODEL),
    suiSubscriberPath: await write('subscriber.toml', SUBSCRIBER),
    atomaSuiClientConfigPath: await write('client.toml', CLIENT),
  });
  t.strictSame(config, {
    inference: {
      apiKey: 'hf_secret',
      cacheDir: join(dir, 'cache'),
      flushStorage: true,
      jrpcPort: 3000,
      models: [
        {
          name: 'llama_v2',
          devices: ['0'],
          precision: 'f16',
          modelType: 'llama_v2',
          revision: 'main',
          useFlashAttention: true,
          backend: 'auto',
        },
        {
          name: 'tiny',
          devices: ['cpu'],
          precision: 'q8_0',
          modelType: join(dir, 'tiny.gguf'),
          revision: 'main',
          useFlashAttention: false,
          backend: 'auto',
        },
      ],
      tracing: true,
      pool: {
        workers: undefined,
        sequences: undefined,
        contextSize: undefined,
        batchSize: undefined,
        threads: undefined,
      },
      scheduler: { maxRequestWaitMs: 500, maxQueuedRequests: 256, ticketReserve: 0.25 },
      rpc: {
        host: '127.0.0.1',
        adminToken: undefined,
        keysFile: join(dir, 'api-keys.json'),
        corsOrigins: [],
        allowedHosts: [],
        tls: undefined,
        limits: {},
      },
    },
    chain: {
      subscriber: {
        httpUrl: 'http://127.0.0.1:9000',
        wsUrl: 'ws://127.0.0.1:9000',
        packageId: ID,
        smallId: 28972375n,
        requestTimeoutMs: 300_002,
      },
      client: {
        configPath: join(dir, 'client.yaml'),
        atomaDbId: `0x${'ab'.padStart(64, '0')}`,
        nodeBadgeId: ID,
        packageId: ID,
        smallId: 28972375n,
        maxConcurrentRequests: 1000,
        requestTimeoutMs: 300_000,
        dataDir: join(dir, 'data'),
        settlementTimeoutMs: 60_000,
        oracle: false,
      },
    },
  });
  for (const part of [
    config,
    config.inference,
    config.inference.models,
    config.inference.models[0],
    config.chain,
  ]) {
    t.ok(Object.isFrozen(part), 'frozen all the way down');
  }
});

t.test('one file with the three tables gives the same as the three files', async (t) => {
  const { write } = await configFolder(t);
  const single = [
    '[inference]',
    MODEL,
    '[event_subscriber]',
    SUBSCRIBER.replace('[request_timeout]', '[event_subscriber.request_timeout]'),
    '[client]',
    CLIENT.replace('[request_timeout]', '[client.request_timeout]'),
  ].join('\n');
  const fromOne = await loadConfig({ configPath: await write('atoma.toml', single) });
  const fromThree = await loadConfig({
    modelConfigPath: await write('model.toml', MODEL),
    suiSubscriberPath: await write('subscriber.toml', SUBSCRIBER),
    atomaSuiClientConfigPath: await write('client.toml', CLIENT),
  });
  t.strictSame(fromOne, fromThree);
});

t.test('the samples of config/ load and say the same', async (t) => {
  const three = await loadConfig({
    modelConfigPath: 'config/model.toml',
    suiSubscriberPath: 'config/sui-subscriber.toml',
    atomaSuiClientConfigPath: 'config/sui-client.toml',
  });
  const one = await loadConfig({ configPath: 'config/atoma-node.toml' });
  t.strictSame(one, three);
  t.match(one.inference.models, [
    { name: 'atoma-tiny', modelType: join(process.cwd(), 'models/atoma-tiny') },
  ]);
  t.equal(one.chain?.client.configPath, join(homedir(), '.sui/sui_config/client.yaml'));
});

t.test('the limits that a sample shows are those that hold without it', async (t) => {
  const { inference } = await loadConfig({ modelConfigPath: 'config/model.toml' });
  const { stopGraceMs: _fixed, ...limits } = DEFAULT_LIMITS;
  t.strictSame(inference.rpc.limits, limits);
});

t.test('every key that a sample has commented out is a known one', async (t) => {
  const { write } = await configFolder(t);
  const sample = await readFile('config/model.toml', 'utf8');
  const all = sample.replaceAll(/^# (\w+ = \S+)$/gm, '$1');
  t.not(all, sample);
  const { inference } = await loadConfig({ modelConfigPath: await write('model.toml', all) });
  t.match(inference.pool, { workers: 2, sequences: 4, contextSize: 2048, batchSize: 512, threads: 1 });
  t.match(inference.rpc, { tls: { keyFile: /privkey/ }, keysFile: /api-keys\.json$/ });
});

t.test('without the chain files there is no chain', async (t) => {
  const { write } = await configFolder(t);
  const config = await loadConfig({ modelConfigPath: await write('model.toml', MODEL) });
  t.equal(config.chain, undefined);
});

t.test('flags that do not go together', async (t) => {
  const { write } = await configFolder(t);
  const model = await write('model.toml', MODEL);
  const subscriber = await write('subscriber.toml', SUBSCRIBER);
  const client = await write('client.toml', CLIENT);
  const cases = [
    [{}, /wanted --model-config-path or --config-path/],
    [{ configPath: model, modelConfigPath: model }, /--config-path together with --model-config-path/],
    [
      { modelConfigPath: model, suiSubscriberPath: subscriber },
      /without --atoma-sui-client-config-path, wanted both/,
    ],
    [
      { modelConfigPath: model, atomaSuiClientConfigPath: client },
      /without --sui-subscriber-path, wanted both/,
    ],
  ] as const;
  for (const [paths, expected] of cases) {
    const lines = await problemLines(loadConfig(paths));
    t.ok(
      lines.some((line) => expected.test(line)),
      `${expected} in ${lines.join(' | ')}`,
    );
  }
});

t.test('a single file with only one of the chain tables', async (t) => {
  const { write } = await configFolder(t);
  const path = await write('atoma.toml', `[inference]${MODEL}\n[client]${CLIENT.split('[request')[0]}`);
  t.match(await problemLines(loadConfig({ configPath: path })), [
    /a problem/,
    `${path}:9: event_subscriber: found [client] without [event_subscriber], wanted both`,
  ]);
});

t.test('files that are no configuration', async (t) => {
  const { dir, write } = await configFolder(t);
  const euro = new TextEncoder().encode('a = "€\uFFFD"\nb = "');
  const cases: readonly (readonly [string, RegExp])[] = [
    [join(dir, 'missing.toml'), /missing\.toml: found no such file, wanted a TOML file/],
    [join(dir, 'x', 'y.toml'), /found no such file/],
    [dir, /found a directory, wanted a TOML file/],
    [await write('empty.toml', ''), /empty\.toml: found an empty file/],
    [await write('blank.toml', ' \n\t\n'), /found an empty file/],
    [
      await write('large.toml', 'a'.repeat(10_000_000)),
      /found a file of 10000000 bytes, wanted .* at most 1048576/,
    ],
    ['/dev/zero', /found more than 1048576 bytes, wanted a TOML file of at most 1048576/],
    [
      await write('latin.toml', Uint8Array.of(...euro, 0xe9, 0x22)),
      /latin\.toml:2: found invalid UTF-8 at byte 18 \(0xe9\)/,
    ],
    [await write('utf16.toml', Buffer.from('\uFEFFa = 1', 'utf16le')), /utf16\.toml:1: found UTF-16/],
    [
      await write('syntax.toml', 'a = 1\nb = \n'),
      /syntax\.toml:2:5: not TOML: Unexpected character, expecting string/,
    ],
    [await write('twice.toml', 'a = 1\na = 2\n'), /twice\.toml:2:6: not TOML: Can't redefine existing key/],
    [
      await write('names.toml', 'models = [[device, precision]]'),
      /names\.toml:1:12: not TOML: Unexpected character/,
    ],
  ];
  for (const [path, expected] of cases) {
    const lines = await problemLines(loadConfig({ modelConfigPath: path }));
    t.equal(lines.length, 2, path);
    t.match(lines[1], expected);
  }
});

t.test('a file with a byte order mark loads', async (t) => {
  const { write } = await configFolder(t);
  await t.resolves(loadConfig({ modelConfigPath: await write('bom.toml', `\uFEFF${MODEL}`) }));
});

t.test('problems of all files are told at once, with the code invalid_config', async (t) => {
  const { dir, write } = await configFolder(t);
  const load = loadConfig({
    modelConfigPath: await write('model.toml', 'jrpc_port = "x"\nmodels = []\n'),
    suiSubscriberPath: join(dir, 'missing.toml'),
    atomaSuiClientConfigPath: await write('client.toml', '{'),
  });
  const error = await load.catch((caught: unknown) => caught);
  if (!(error instanceof ConfigError)) throw error;
  t.equal(error.code, 'invalid_config');
  t.equal(error.problems.length, 5);
  t.strictSame(
    error.problems.map(({ file, line, key }) => [file?.slice(dir.length + 1), line, key]),
    [
      ['missing.toml', undefined, undefined],
      ['client.toml', 1, undefined],
      ['model.toml', undefined, 'cache_dir'],
      ['model.toml', 1, 'jrpc_port'],
      ['model.toml', 2, 'models'],
    ],
  );
});
