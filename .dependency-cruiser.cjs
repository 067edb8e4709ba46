/** Imports run one way: main, cli → node → rooms → core; a room is entered through its index.ts only. */
const rooms = '(config|chain|devnet|tickets|scheduler|workers|models|rpc|telemetry)';
module.exports = {
  forbidden: [
    { name: 'no-circles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'core-imports-nothing-of-ours',
      severity: 'error',
      from: { path: '^src/core/' },
      to: { path: '^src/', pathNot: '^src/core/' },
    },
    {
      name: 'rooms-stand-alone',
      comment:
        'A room knows the core types only; node/ brings rooms together. The dev chain shares the layout of the contract with chain/.',
      severity: 'error',
      from: { path: `^src/${rooms}/` },
      to: { path: '^src/', pathNot: ['^src/$1/', '^src/core/index\\.ts$', '^src/chain/index\\.ts$'] },
    },
    {
      name: 'chain-is-shared-with-devnet-only',
      severity: 'error',
      from: { path: `^src/${rooms}/`, pathNot: '^src/(chain|devnet)/' },
      to: { path: '^src/chain/' },
    },
    {
      name: 'rooms-through-their-index',
      severity: 'error',
      from: { path: '^src/(main\\.ts|cli/|node/)' },
      to: { path: `^src/${rooms}/`, pathNot: '^src/[^/]+/index\\.ts$' },
    },
    {
      name: 'core-through-its-index',
      severity: 'error',
      from: { pathNot: '^src/core/' },
      to: { path: '^src/core/', pathNot: '^src/core/index\\.ts$' },
    },
    {
      name: 'nothing-above-node',
      severity: 'error',
      from: { path: '^src/node/' },
      to: { path: '^src/(main\\.ts|cli/)' },
    },
    {
      name: 'devnet-is-for-commands-only',
      severity: 'error',
      from: { pathNot: '^src/(devnet|cli)/' },
      to: { path: '^src/devnet/' },
    },
    {
      name: 'not-to-dev-dep',
      severity: 'error',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
  },
};
