import { type Command, InvalidArgumentError } from 'commander';
import { AtomaError, formatBytes } from '../core/index.js';
import type { CachedRepo, ModelStore } from '../models/index.js';
import { confirm } from './confirm.js';
import { EXIT, exitCodeOf, reportError, writeLine } from './exit.js';
import { createLogger } from './logger.js';
import { addModelOptions, addStoreOptions, type ModelFlags, openModels, referenceOf } from './model-flags.js';
import { showModel } from './models-info.js';
import { pullModel } from './models-pull.js';
import { tableText } from './text-layout.js';

interface JsonFlag {
  readonly json?: boolean;
}

const NAME_HELP =
  'a configured name, a short name of the network, "owner/repo" or "owner/repo:file" of the hub, or a path';

const KEY_HELP =
  "\nWithout a configuration the cache and the key are those of the hub's own tools: HF_HUB_CACHE or HF_HOME, and\nHF_TOKEN or the file of their login. HF_ENDPOINT names a mirror; HTTPS_PROXY and NO_PROXY are kept.";

/** Adds `models`: what is in the cache, and what comes into it. */
export function addModels(program: Command, env: NodeJS.ProcessEnv): void {
  const models = program.command('models').description('list, download, remove and describe models');
  addStoreOptions(models.command('list').description('what the cache holds'))
    .option('--json', 'NDJSON on stdout: one line a repository')
    .action(ending((flags: ModelFlags & JsonFlag) => listModels(flags, env)));
  addModelOptions(models.command('pull').description('download a model, or what of it has changed'))
    .argument('<name>', NAME_HELP)
    .option('--json', 'NDJSON on stdout: progress, pulled')
    .addHelpText('after', KEY_HELP)
    .action(ending((name: string, flags: ModelFlags & JsonFlag) => pullModel(name, flags, env)));
  addStoreOptions(
    models.command('rm').description('remove a repository from the cache, with all its revisions'),
  )
    .argument('<name>', NAME_HELP)
    .option('--yes', 'do not ask')
    .option('--json', 'NDJSON on stdout: removed')
    .action(ending((name: string, flags: RemoveFlags) => removeModel(name, flags, env)));
  addModelOptions(models.command('info').description('what a model is, and what it needs here'))
    .argument('<name>', NAME_HELP)
    .option('--json', 'NDJSON on stdout: one line')
    .addHelpText('after', KEY_HELP)
    .action(ending((name: string, flags: ModelFlags & JsonFlag) => showModel(name, flags, env)));
}

/** Runs a command and sets the process's exit code from how it ended. */
function ending<Args extends unknown[]>(
  run: (...args: Args) => Promise<number>,
): (...args: Args) => Promise<void> {
  return async (...args) => {
    process.exitCode = await run(...args).catch((error: unknown) => {
      reportError(error);
      return exitCodeOf(error);
    });
  };
}

async function listModels(flags: ModelFlags & JsonFlag, env: NodeJS.ProcessEnv): Promise<number> {
  const { store } = await openModels(flags, env, createLogger(env['LOG_LEVEL'] ?? 'warn'));
  const repos = await store.list();
  if (flags.json) for (const repo of repos) writeLine(lineOf(repo));
  else if (repos.length === 0) process.stdout.write(`no models in ${store.cacheDir}\n`);
  else process.stdout.write(tableText([['SIZE', 'OWN', 'REPOSITORY', 'REVISIONS'], ...repos.map(rowOf)]));
  return EXIT.done;
}

function rowOf({ repo, bytes, ownBytes, revisions }: CachedRepo): readonly string[] {
  const names = revisions.map(({ commit, refs }) => `${[...refs, commit.slice(0, 7)].join(' ')}`);
  return [formatBytes(bytes), formatBytes(ownBytes), repo, names.join(', ')];
}

function lineOf({ repo, path, bytes, ownBytes, revisions }: CachedRepo): Record<string, unknown> {
  return { type: 'model', repo, path, bytes, own_bytes: ownBytes, revisions };
}

interface RemoveFlags extends ModelFlags, JsonFlag {
  readonly yes?: boolean;
}

async function removeModel(name: string, flags: RemoveFlags, env: NodeJS.ProcessEnv): Promise<number> {
  const { store, models } = await openModels(flags, env, createLogger(env['LOG_LEVEL'] ?? 'warn'));
  const repos = await store.listOf(referenceOf(name, flags, models));
  if (repos.length === 0) {
    throw new AtomaError(
      'model_not_found',
      `nothing of ${name} is in ${store.cacheDir}; models list shows what is`,
    );
  }
  if (!flags.yes && !(await confirmed(repos))) return EXIT.failed;
  for (const { repo } of repos) await removeRepo(store, repo, flags.json ?? false);
  return EXIT.done;
}

async function removeRepo(store: ModelStore, repo: string, json: boolean): Promise<void> {
  const { bytes } = await store.remove(repo);
  if (json) writeLine({ type: 'removed', repo, bytes });
  else process.stdout.write(`removed ${repo}: ${formatBytes(bytes)}\n`);
}

async function confirmed(repos: readonly CachedRepo[]): Promise<boolean> {
  if (!process.stdin.isTTY) {
    throw new InvalidArgumentError('models rm asks on a terminal; without one it needs --yes');
  }
  const what = repos.map(({ repo, bytes, ownBytes }) => {
    const others =
      bytes > ownBytes ? `, ${formatBytes(bytes - ownBytes)} of it downloaded by other programs` : '';
    return `${repo} (${formatBytes(bytes)}${others})`;
  });
  return await confirm(`remove ${what.join(' and ')}?`);
}
