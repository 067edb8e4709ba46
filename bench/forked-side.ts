import { fork } from 'node:child_process';
import { once } from 'node:events';
import type { Side } from './workload.js';

/**
 * One side of a comparison in a child process, with the environment of a device process that has one worker.
 * @param script says once that it is there, and answers each message with a round's outcome
 * @param order what it is to run, as JSON in its arguments
 */
export async function startForked(script: URL, order: unknown): Promise<Side> {
  const child = fork(script, [JSON.stringify(order)], {
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
