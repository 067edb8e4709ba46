import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { gone, isAlive, misbehaving } from '../fixtures/tiny-device.js';

const PARENT = fileURLToPath(new URL('../fixtures/device-parent.js', import.meta.url));

/** Each: when the parent is killed, and what its device process runs, if not the real thing. */
const CASES = [
  { name: 'it starts', args: ['starting'] },
  { name: 'the model loads', args: ['loading'] },
  { name: 'it decodes', args: ['decoding'] },
  { name: 'a load hangs', args: ['starting', misbehaving('never-ready').href] },
  { name: 'its event loop stands still', args: ['decoding', misbehaving('blocks-its-thread').href] },
];

for (const { name, args } of CASES) {
  t.test(`a killed node leaves no device process while ${name}`, async (t) => {
    const parent = spawn(process.execPath, [PARENT, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
    t.teardown(() => parent.kill('SIGKILL'));
    const [line] = await once(createInterface(parent.stdout), 'line');
    const pid = Number(line);
    t.ok(await isAlive(pid));
    parent.kill('SIGKILL');
    await once(parent, 'exit');
    await gone(pid);
  });
}
