import { fork } from 'node:child_process';
import { once } from 'node:events';
import type { Side, Workload } from './workload.js';

/** The bare loop in a child process, with the environment of a device process that has one worker. */
export async function startBare(workload: Workload): Promise<Side> {
  const child = fork(new URL('./bare-loop.js', import.meta.url), [JSON.stringify(workload)], {
    env: { UV_THREADPOOL_SIZE: '1', ...process.env },
  });
  await once(child, 'message');
  return {
    round: async () => {
      const answer = once(child, 'message');
      child.send('round');
      const [result] = await answer;
      return result;
    },
    stop: async () => {
      child.disconnect();
      await once(child, 'exit');
    },
  };
}
