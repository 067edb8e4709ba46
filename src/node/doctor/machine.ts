import { arch, release } from 'node:os';
import { type Check, type Finding, fail, ok, warn } from './check.js';

const AREA = 'machine';
/** As `engines` of package.json has it: what the libraries are made for, and what they were seen to run on. */
const SUPPORTED_MAJOR = 22;
const WORKS_FROM = { major: 20, minor: 19 } as const;
/** What the native addons are built for; elsewhere WebAssembly has to do. */
const BUILT_FOR: ReadonlySet<string> = new Set([
  'linux x64',
  'linux arm64',
  'darwin x64',
  'darwin arm64',
  'win32 x64',
  'win32 arm64',
]);

/** Checks of what every node stands on. */
export function machineChecks(): readonly Check[] {
  return [
    { area: AREA, name: 'node', run: async () => judgeNode(process.versions.node) },
    { area: AREA, name: 'platform', run: async () => judgePlatform(process.platform, arch()) },
  ];
}

/** @param version of Node.js, `22.1.0` */
export function judgeNode(version: string): Finding {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const found = `Node.js ${version}`;
  if (major >= SUPPORTED_MAJOR) return ok(found);
  const remedy = `install Node.js ${SUPPORTED_MAJOR} or newer`;
  const works = major === WORKS_FROM.major && minor >= WORKS_FROM.minor;
  if (works) return warn(`${found}: works, but gets no more fixes`, remedy);
  return fail(`${found}: ${WORKS_FROM.major}.${WORKS_FROM.minor} is the oldest that works`, remedy);
}

function judgePlatform(platform: string, cpu: string): Finding {
  const name = `${platform} ${cpu}`;
  const found = `${name}, kernel ${release()}`;
  if (BUILT_FOR.has(name)) return ok(found);
  return warn(
    `${found}: there are no native addons for it`,
    'use ONNX weights with backend = "wasm", or another machine',
  );
}
