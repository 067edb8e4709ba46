import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import t, { type Test } from 'tap';
import { readSystemMemory } from '#src/workers/hardware/system-memory.js';

const MEMINFO = 'MemTotal:       16000 kB\nMemFree:         1000 kB\nMemAvailable:   12000 kB\n';
const KIB = 1024;
const MACHINE = { totalBytes: 16000 * KIB, freeBytes: 12000 * KIB };

/** RAM as it is read from these files. */
async function read(t: Test, files: Readonly<Record<string, string>>) {
  const root = t.testdir();
  for (const [path, text] of Object.entries({ 'proc/meminfo': MEMINFO, ...files })) {
    const file = join(root, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
  }
  return readSystemMemory(root);
}

t.test('a machine: what could be had counts as free, not what is unused', async (t) => {
  t.strictSame(await read(t, {}), MACHINE);
});

t.test('a container of version 2', async (t) => {
  const at = 'sys/fs/cgroup';
  const limited = {
    'proc/self/cgroup': '0::/\n',
    [`${at}/memory.max`]: `${4000 * KIB}\n`,
    [`${at}/memory.current`]: `${3000 * KIB}\n`,
    [`${at}/memory.stat`]: `anon 5\ninactive_file ${1000 * KIB}\n`,
  };
  t.strictSame(await read(t, limited), { totalBytes: 4000 * KIB, freeBytes: 2000 * KIB });
  t.strictSame(await read(t, { ...limited, [`${at}/memory.max`]: 'max\n' }), MACHINE);
});

t.test('a service of version 2 in a group of its own', async (t) => {
  const at = 'sys/fs/cgroup/system.slice/atoma.service';
  const found = await read(t, {
    'proc/self/cgroup': '0::/system.slice/atoma.service\n',
    [`${at}/memory.max`]: String(2000 * KIB),
    [`${at}/memory.current`]: String(500 * KIB),
  });
  t.strictSame(found, { totalBytes: 2000 * KIB, freeBytes: 1500 * KIB });
});

t.test('a container of version 1, with and without a limit', async (t) => {
  const at = 'sys/fs/cgroup/memory';
  const limited = {
    'proc/self/cgroup': '5:cpu,cpuacct:/docker/1\n4:memory:/docker/1\n',
    [`${at}/memory.limit_in_bytes`]: String(8000 * KIB),
    [`${at}/memory.usage_in_bytes`]: String(9000 * KIB),
  };
  t.strictSame(await read(t, limited), { totalBytes: 8000 * KIB, freeBytes: 0 });
  t.strictSame(
    await read(t, { ...limited, [`${at}/memory.limit_in_bytes`]: '9223372036854771712' }),
    MACHINE,
  );
});
