import { execFile, fork } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { pino } from 'pino';
import t from 'tap';
import { logOutput } from '#src/workers/device-output.js';
import { hangingCollector } from '../fixtures/otlp-collector.js';
import { cleanEnv, modelConfig, RunningCli, runCli, tempDir } from './cli.js';

const LOGGER = fileURLToPath(new URL('../../../dist/cli/logger.js', import.meta.url));
const run = promisify(execFile);

t.test('a LOG_LEVEL that does not exist is bad usage, said clearly', async (t) => {
  const { code, stdout, stderr } = await runCli(['models', 'list'], { LOG_LEVEL: 'loud' });
  t.equal(code, 2);
  t.equal(stdout, '');
  t.match(stderr, /LOG_LEVEL is loud, wanted one of silent, fatal, error, warn, info, debug, trace/);
});

t.test('the log is JSON off a terminal and readable on one, without secrets', async (t) => {
  const file = join(await tempDir(t), 'log.mjs');
  await writeFile(
    file,
    `import { createLogger } from ${JSON.stringify(LOGGER)};
createLogger('DEBUG').debug({ ticket: '0x1', config: { apiKey: 'hf_secret' } }, 'hello');`,
  );
  const env = cleanEnv({ TERM: 'dumb' });
  const piped = await run(process.execPath, [file], { env });
  t.equal(piped.stdout, '');
  t.match(JSON.parse(piped.stderr), {
    level: 'debug',
    time: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/,
    ticket: '0x1',
    msg: 'hello',
  });
  const command = `'${process.execPath}' '${file}'`;
  const terminal = await run('script', ['-qec', command, '/dev/null'], { env });
  t.match(terminal.stdout, /^\S*\[\d\d:\d\d:\d\d\.\d{3}\].*DEBUG.*: .*hello.*0x1/);
  t.notMatch(piped.stderr + terminal.stdout, /hf_secret/);
});

t.test('what a library writes in a device process is in the log, as JSON', async (t) => {
  const file = join(await tempDir(t), 'speaks.mjs');
  await writeFile(
    file,
    `process.stderr.write('GGML_ASSERT failed\\nlast words'); process.stdout.write('x\\n');`,
  );
  const lines: unknown[] = [];
  const logger = pino({}, { write: (line) => lines.push(JSON.parse(line)) });
  const child = fork(file, { stdio: ['ignore', 'pipe', 'pipe', 'ipc'], execArgv: [] });
  logOutput(child, 'cpu', logger);
  await once(child, 'close');
  t.match(lines.filter((line) => t.match(line, { level: 40, device: 'cpu', process: child.pid })).length, 3);
  t.match(JSON.stringify(lines), /GGML_ASSERT failed.*last words/);
});

t.test('a collector that takes spans and never answers holds nothing up', async (t) => {
  const config = await modelConfig(t);
  await writeFile(config, `tracing = true\n${await withoutTracing(config)}`);
  const node = new RunningCli(t, ['start', '--model-config-path', config, '--json'], {
    OTEL_EXPORTER_OTLP_ENDPOINT: await hangingCollector(t),
    // Ten minutes: who waited for it would not come to an end in this test.
    ...{ OTEL_EXPORTER_OTLP_TIMEOUT: '600000', OTEL_BSP_EXPORT_TIMEOUT: '600000' },
    ...{ OTEL_BSP_SCHEDULE_DELAY: '10', LOG_LEVEL: 'info' },
  });
  const { url } = await node.next();
  await node.next();
  for (let id = 0; id < 3; id++) {
    const answer = await fetch(String(url), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        jsonrpc: '2.0',
        id,
        method: 'atoma_generate',
        params: { prompt: 'a', max_tokens: 2 },
      }),
    });
    t.match(await answer.json(), { id, result: Object });
  }
  node.child.kill('SIGTERM');
  t.equal(await node.exited(), 0);
  const lines = node.stderr
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  t.match(
    lines.filter(({ level }) => level === 'warn').map(({ msg }) => msg),
    [/the last spans were not taken within 2000 ms/],
  );
});

async function withoutTracing(config: string): Promise<string> {
  return (await readFile(config, 'utf8')).replace('tracing = false\n', '');
}
