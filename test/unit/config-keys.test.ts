import { homedir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { loadConfig } from '#src/config/index.js';
import { CLIENT, configFolder, MODEL, problemLines, SUBSCRIBER } from './config-folder.js';

/** A key's line of a sample, replaced. */
const withKey = (source: string, key: string, line: string): string =>
  source.replace(new RegExp(`^${key} = .*$`, 'm'), line);

/** In which file, which key, its new line, and the problem that names it. */
type Case = readonly [file: 'model' | 'subscriber' | 'client', key: string, line: string, expected: RegExp];

const CASES: readonly Case[] = [
  [
    'model',
    'cache_dir',
    '',
    /^\S+model\.toml: cache_dir: found nothing \(the key is missing\), wanted a folder/,
  ],
  ['model', 'cache_dir', 'cache_dir = ""', /:3: cache_dir: found "", wanted a folder/],
  [
    'model',
    'cache_dir',
    'cache_dir = "<PATH_FOR_MODEL_STORAGE>"',
    /placeholder of the sample was not replaced/,
  ],
  ['model', 'flush_storage', 'flush_storage = "yes"', /:4: flush_storage: found "yes", wanted true or false/],
  [
    'model',
    'flush_storage',
    'flush_storag = true',
    /:4: flush_storag: unknown key, the nearest .* "flush_storage"/,
  ],
  ['model', 'tracing', 'tracng = true', /:7: tracng: unknown key, the nearest known one is "tracing"/],
  ['model', 'jrpc_port', 'jrpc_port = 65536', /:5: jrpc_port: found 65536, wanted .* from 0 to 65535/],
  ['model', 'jrpc_port', 'jrpc_port = -1', /jrpc_port: found -1, wanted/],
  ['model', 'jrpc_port', 'jrpc_port = 3000.5', /jrpc_port: found 3000\.5, wanted/],
  ['model', 'jrpc_port', 'jrpc_port = 2026-01-01', /jrpc_port: found a date, wanted/],
  [
    'model',
    'jrpc_port',
    'jrpc_port = 99999999999999999999',
    /jrpc_port: found 99999999999999999999 .*, wanted/,
  ],
  ['model', 'models', 'models = []', /models: found an array of 0 elements, wanted at least one model/],
  ['model', 'models', 'models = "llama"', /models: found "llama", wanted an array of models/],
  [
    'model',
    'models',
    'models = [["cpu", "f16"]]',
    /:6: models\[0\]: found an array of 2 elements, wanted the 5 elements/,
  ],
  ['model', 'models', 'models = [[-1, "f16", "x", "", true]]', /models\[0\]\[0\]: found -1, wanted a device/],
  [
    'model',
    'models',
    'models = [["gpu", "f16", "x", "", true]]',
    /models\[0\]\[0\]: found "gpu", wanted a device/,
  ],
  ['model', 'models', 'models = [[0, "", "x", "", true]]', /models\[0\]\[1\]: found "", wanted a precision/],
  [
    'model',
    'models',
    'models = [\n[0, "f16",\n"<MODEL>", "", true]]',
    /:8: models\[0\]\[2\]: found "<MODEL>".*placeholder/,
  ],
  ['model', 'models', 'models = [[0, "f16", "x", 1, true]]', /models\[0\]\[3\]: found 1, wanted a revision/],
  [
    'model',
    'models',
    'models = [[0, "f16", "x", "", "yes"]]',
    /models\[0\]\[4\]: found "yes", wanted true or false/,
  ],
  [
    'model',
    'models',
    'models = [[0, "f16", "x", "", true],\n[0, "f16", "x", "", true]]',
    /:7: models\[1\]: found the name "x" of models\[0\] again/,
  ],
  [
    'model',
    'models',
    'models = [[0, "f16", "x", "", true],\n[1, "q8_0", "x", "", true]]',
    /:7: models\[1\]: found the name "x" of models\[0\] again.*the same model on another device/,
  ],
  [
    'subscriber',
    'http_url',
    'http_url = "RPC_NODE_HTTP_URL"',
    /:2: http_url: found .*, wanted a URL .*placeholder/,
  ],
  [
    'subscriber',
    'http_url',
    'http_url = "ftp://u:secret@h"',
    /http_url: found "ftp:\/\/…@h", wanted a URL .*https:/,
  ],
  [
    'subscriber',
    'ws_url',
    'ws_url = "http://h"',
    /ws_url: found "http:\/\/h", wanted a URL .*wss:\/\/ or ws:/,
  ],
  [
    'subscriber',
    'package_id',
    'package_id = "SUI_PACKAGE_ID"',
    /package_id: found .*, wanted an id of 0x.*placeholder/,
  ],
  [
    'subscriber',
    'package_id',
    `package_id = "0x${'1'.repeat(65)}"`,
    /package_id: found .*, wanted an id of 0x/,
  ],
  [
    'subscriber',
    'package_id',
    'package_id = 0x12',
    /package_id: found 18, wanted an id of 0x.*, as a string/,
  ],
  ['subscriber', 'secs', 'secs = 2147484', /:8: request_timeout\.secs: found 2147484, wanted seconds/],
  [
    'subscriber',
    'nanos',
    'nanos = 1000000000',
    /:9: request_timeout\.nanos: found 1000000000, wanted nanoseconds/,
  ],
  [
    'subscriber',
    'nanos',
    'nanoz = 0',
    /:9: request_timeout\.nanoz: unknown key, the nearest known one is "nanos"/,
  ],
  ['subscriber', 'secs', 'secs = "5"', /request_timeout\.secs: found "5", wanted seconds/],
  ['client', 'config_path', 'config_path = "<SUI_CLIENT_CONFIG_PATH>"', /config_path: found .*placeholder/],
  ['client', 'atoma_db_id', 'atoma_db_id = "<ATOMA_DB_ID>"', /:3: atoma_db_id: found .*placeholder/],
  ['client', 'node_badge_id', 'node_badge_id = ""', /node_badge_id: found "", wanted an id/],
  [
    'client',
    'max_concurrent_requests',
    'max_concurrent_requests = 0',
    /found 0, wanted requests at once.* from 1 to 1000000/,
  ],
  [
    'client',
    'max_concurrent_requests',
    'max_concurrent_requests = 1000001',
    /found 1000001, wanted requests/,
  ],
  [
    'client',
    'small_id',
    'small_id = 7',
    /client\.toml:6: small_id: found 7, wanted the small_id of the event subscriber, 28972375 \(\S+subscriber\.toml:5\)/,
  ],
];

t.test(
  'a wrong value is one problem with its file, line, key, what was found and what was wanted',
  async (t) => {
    const { write } = await configFolder(t);
    for (const [file, key, line, expected] of CASES) {
      const text = (name: string, source: string) => (name === file ? withKey(source, key, line) : source);
      const lines = await problemLines(
        loadConfig({
          modelConfigPath: await write('model.toml', text('model', MODEL)),
          suiSubscriberPath: await write('subscriber.toml', text('subscriber', SUBSCRIBER)),
          atomaSuiClientConfigPath: await write('client.toml', text('client', CLIENT)),
        }),
      );
      const problems = lines.slice(1).filter((problem) => expected.test(problem));
      t.equal(problems.length, 1, `${expected} in ${lines.join(' | ')}`);
      t.equal(lines.length, 2, 'nothing else is wrong');
    }
  },
);

t.test('an API key is never shown', async (t) => {
  const { write } = await configFolder(t);
  const sources = [
    'api_key = "<hf_secret>"',
    'api_key = ["hf_secret"]',
    'api_key = "hf_secret" x',
    'api_key = "hf_secret',
    '[api_key]\nhf = "hf_secret"',
  ];
  for (const source of sources) {
    const path = await write('model.toml', withKey(MODEL, 'api_key', source));
    const text = (await problemLines(loadConfig({ modelConfigPath: path }))).join('\n');
    t.notMatch(text, /hf_secret/);
  }
  const path = await write('model.toml', withKey(MODEL, 'api_key', 'api_key = "<hf_secret>"'));
  t.match(
    (await problemLines(loadConfig({ modelConfigPath: path })))[1],
    /:2: api_key: found a string of 11 characters/,
  );
});

t.test('models as tables with named keys', async (t) => {
  const { dir, write } = await configFolder(t);
  const tables = `
[[models]]
name = "tiny"
device = "cpu"
precision = "q8_0"
model_type = "../tiny"

[[models]]
device = 1
precision = "f16"
model_type = "owner/repo"
revision = "v1"
use_flash_attention = true

[[models]]
device = 0
precision = "f16"
model_type = "~/models/big.gguf"
`;
  const path = await write('model.toml', withKey(MODEL, 'models', '') + tables);
  const { inference } = await loadConfig({ modelConfigPath: path });
  const shared = { precision: 'f16', revision: 'main', useFlashAttention: false, backend: 'auto' };
  t.strictSame(inference.models, [
    { ...shared, name: 'tiny', devices: ['cpu'], precision: 'q8_0', modelType: join(dir, '..', 'tiny') },
    {
      ...shared,
      name: 'owner/repo',
      devices: ['1'],
      modelType: 'owner/repo',
      revision: 'v1',
      useFlashAttention: true,
    },
    { ...shared, name: 'big', devices: ['0'], modelType: join(homedir(), 'models/big.gguf') },
  ]);

  const wrong = tables.replace('device = 1', 'devise = 1').replace('"tiny"', '"owner/repo"');
  const broken = await write('model.toml', withKey(MODEL, 'models', '') + wrong);
  t.match((await problemLines(loadConfig({ modelConfigPath: broken }))).slice(1), [
    /:15: models\[1\]\.device: found nothing/,
    /:16: models\[1\]\.devise: unknown key, the nearest known one is "device"/,
  ]);
});

t.test('the optional tables', async (t) => {
  const { write } = await configFolder(t);
  const tables =
    '[pool]\nworkers = 2\nsequences = 4\ncontext_size = 512\nbatch_size = 64\nthreads = 1\n[rpc]\nhost = "::1"\n';
  const scheduler = '[scheduler]\nmax_request_wait_ms = 0\nmax_queued_requests = 9\nticket_reserve = 1\n';
  const { inference } = await loadConfig({
    modelConfigPath: await write('model.toml', MODEL + tables + scheduler),
  });
  t.strictSame(inference.scheduler, { maxRequestWaitMs: 0, maxQueuedRequests: 9, ticketReserve: 1 });
  t.strictSame(inference.pool, { workers: 2, sequences: 4, contextSize: 512, batchSize: 64, threads: 1 });
  t.equal(inference.rpc.host, '::1');

  const wrong =
    '[pool]\nworkers = 0\nsequences = 257\nthread = 1\n[rpc]\nhost = "http://h:1"\n[scheduler]\nticket_reserve = 1.5\nmax_request_wait_ms = -1\n';
  const path = await write('model.toml', MODEL + wrong);
  t.match((await problemLines(loadConfig({ modelConfigPath: path }))).slice(1), [
    /:9: pool\.workers: found 0, wanted workers per device, a whole number from 1 to 256/,
    /:10: pool\.sequences: found 257, wanted/,
    /:11: pool\.thread: unknown key, the nearest known one is "threads"/,
    /:16: scheduler\.max_request_wait_ms: found -1, wanted milliseconds, a whole number from 0/,
    /:15: scheduler\.ticket_reserve: found 1\.5, wanted a share of a model's sequences, a number from 0 to 1/,
    /:13: rpc\.host: found "http:\/\/h:1", wanted a host name/,
  ]);
});

t.test('who may use the node', async (t) => {
  const { dir, write } = await configFolder(t);
  const load = async (rpc: string) =>
    (await loadConfig({ modelConfigPath: await write('model.toml', `${MODEL}[rpc]\n${rpc}`) })).inference.rpc;
  t.match(await load(''), {
    keysFile: join(dir, 'api-keys.json'),
    corsOrigins: [],
    allowedHosts: [],
    limits: {},
  });
  const rpc = await load(
    'keys_file = "k/keys.json"\ncors_origins = ["https://app.example", "http://a:8080"]\nallowed_hosts = ["Node.Example"]\ntls_cert = "c.pem"\ntls_key = "/k.pem"\nmax_json_depth = 32\n',
  );
  t.match(rpc, {
    keysFile: join(dir, 'k', 'keys.json'),
    corsOrigins: ['https://app.example', 'http://a:8080'],
    allowedHosts: ['node.example'],
    tls: { certFile: join(dir, 'c.pem'), keyFile: '/k.pem' },
  });
  t.strictSame(rpc.limits, { maxJsonDepth: 32 });
  const wrong: [string, RegExp][] = [
    ['tls_cert = "c.pem"', /rpc\.tls_key: found nothing.*since tls_cert is set: both or neither/],
    ['tls_key = "c.pem"', /rpc\.tls_cert: found nothing.*since tls_key is set/],
    [
      'cors_origins = ["*"]',
      /:9: rpc\.cors_origins: found an array of 1 element, wanted an array of origins/,
    ],
    ['cors_origins = ["https://app.example/"]', /rpc\.cors_origins: .*without a path/],
    ['cors_origins = "https://app.example"', /rpc\.cors_origins: found "https/],
    ['allowed_hosts = ["h:80"]', /rpc\.allowed_hosts: .*without scheme and port/],
    ['max_body_bytes = 10', /rpc\.max_body_bytes: found 10, wanted .* from 1024/],
    ['max_json_depth = 100000', /rpc\.max_json_depth: found 100000, wanted/],
    ['max_conections = 1', /nearest known one is "max_connections"/],
  ];
  for (const [text, message] of wrong) {
    t.match((await problemLines(load(text))).join(' '), message, text);
  }
});

t.test('in a single file the tables of the model service stand below it', async (t) => {
  const { write } = await configFolder(t);
  const good = `[inference]${MODEL}[inference.pool]\nworkers = 3\n[inference.rpc]\nhost = "0.0.0.0"\n`;
  const { inference, chain } = await loadConfig({ configPath: await write('good.toml', good) });
  t.match(inference, { pool: { workers: 3 }, rpc: { host: '0.0.0.0' } });
  t.equal(chain, undefined);

  const path = await write(
    'bad.toml',
    `[inferense]\nx = 1\n[inference]${MODEL}[inference.pool]\nworkers = 0\n`,
  );
  t.match((await problemLines(loadConfig({ configPath: path }))).slice(1), [
    /:1: inferense: unknown key, the nearest known one is "inference"/,
    /:11: inference\.pool\.workers: found 0/,
  ]);
});

t.test('one model may stand on several devices', async (t) => {
  const { write } = await configFolder(t);
  const models =
    'models = [[0, "f16", "./m.gguf", "", true], [[1, "GPU-0a1b"], "f16", "./m.gguf", "", true]]';
  const path = await write('model.toml', MODEL.replace(/^models = .*$/m, models));
  const { inference } = await loadConfig({ modelConfigPath: path });
  t.strictSame(
    inference.models.map(({ name, devices }) => [name, devices]),
    [
      ['m', ['0']],
      ['m', ['1', 'GPU-0a1b']],
    ],
  );
});
