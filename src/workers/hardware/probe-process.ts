import { type ChildProcess, fork } from 'node:child_process';
import { AtomaError, fromErrorData } from '../../core/index.js';
import type { ProbeAnswers, ProbeKind, ProbeQuestions, ProbeReply } from './probe-protocol.js';

export interface ProbeOptions {
  /** After this time the probe is killed, ms. */
  readonly timeoutMs: number;
  /** The environment of the process, whole. */
  readonly env: NodeJS.ProcessEnv;
  /** For tests: another script than the probe. */
  readonly script?: URL;
}

/** Enough for the last lines of a backtrace's cause. */
const STDERR_CHARACTERS = 4000;

/**
 * Asks one question in a process of its own, which loads native code and may die of it.
 * @throws AtomaError `probe_failed` where it died, hung or could not be started, with the end of what it wrote
 * to stderr, and the `signal` that ended it in its fields; else the error that it answered with.
 */
export function runProbe<Kind extends ProbeKind>(
  kind: Kind,
  question: ProbeQuestions[Kind],
  options: ProbeOptions,
): Promise<ProbeAnswers[Kind]> {
  const child = fork(options.script ?? new URL('./probe.js', import.meta.url), [], {
    env: options.env,
    execArgv: [],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  const written = lastWords(child);
  return new Promise((resolve, reject) => {
    const fail = (how: string, signal?: string): void =>
      reject(new AtomaError('probe_failed', `${how}${written()}`, { fields: { ...(signal && { signal }) } }));
    const timer = setTimeout(() => {
      fail(`it did not answer within ${options.timeoutMs / 1000} s`);
      child.kill('SIGKILL');
    }, options.timeoutMs);
    child.once('message', (reply: ProbeReply) => {
      // The child answers a question with the answer of its kind: the one place where that is taken on trust.
      if (reply.ok) resolve(reply.answer as ProbeAnswers[Kind]);
      else reject(fromErrorData(reply.error));
    });
    child.once('error', (error) => fail(`its process cannot be started: ${error.message}`));
    // All of stderr is here once the streams are closed, too.
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      if (signal === null) fail(`its process exited with code ${code}`);
      else fail(`its process was ended by ${signal}`, signal);
    });
    child.send({ kind, question }, () => undefined);
  });
}

/** The end of what a process writes to stderr, as the end of a sentence. */
function lastWords(child: ChildProcess): () => string {
  let text = '';
  child.stderr?.setEncoding('utf8').on('data', (data: string) => {
    text = (text + data).slice(-STDERR_CHARACTERS);
  });
  return () => (text.trim() === '' ? '' : `: ${text.trim()}`);
}
