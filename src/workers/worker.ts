import { BroadcastChannel, parentPort, threadId } from 'node:worker_threads';
import { workerData } from 'piscina';
import { type ErrorData, toErrorData } from '../core/index.js';
import { probeDeterminism } from './determinism/probe.js';
import type { Engine, GenerationControl } from './engines/engine.js';
import { loadEngine } from './engines/load-engine.js';
import { FrameOutbox } from './frame-outbox.js';
import type { FromWorker, WorkerData, WorkerOrder, WorkerResult, WorkerTask } from './protocol.js';
import { PulseWriter } from './worker-pulse.js';

/** A Piscina worker: loads the model once, owns its context, runs as many tasks at once as it has sequences. */
const spec: WorkerData = workerData;
const cancelFlags = new Int32Array(spec.cancelFlags);
const post = (message: FromWorker): void => parentPort?.postMessage(message);
/** Jobs that this worker holds. */
let jobs = 0;
const outbox = new FrameOutbox((frames) => post({ type: 'tokens', frames }));

async function load(): Promise<Engine | undefined> {
  try {
    const engine = await loadEngine(spec, (fraction) =>
      post({ type: 'progress', thread: threadId, fraction }),
    );
    const onProgress = (): void => post({ type: 'progress', thread: threadId, fraction: 1 });
    const finding = await probeDeterminism(engine, spec.sequences, onProgress);
    const pulse = new PulseWriter(spec.pulse, () => ({ jobs, progress: engine.progress() }));
    pulse.start(spec.heartbeatIntervalMs);
    post({
      type: 'loaded',
      engine: engine.info,
      finding,
    });
    return engine;
  } catch (error) {
    post({ type: 'load_failed', error: toErrorData(error) });
    return undefined;
  }
}

async function runTask(task: WorkerTask): Promise<WorkerResult> {
  let volumeSent = 0;
  jobs++;
  try {
    const engine = await loading;
    if (engine === undefined) throw new Error('the model is not loaded');
    const { params, ...mode } = task.work;
    const control: GenerationControl = {
      isCancelled: () => Atomics.load(cancelFlags, task.slot) === 1,
      onToken: (index, token, text, logprob) => {
        volumeSent += text.length + (token === undefined ? 0 : 1);
        outbox.push(task.job, index, token, text, logprob);
      },
    };
    const completion = await engine.generate(params, control, mode);
    return { outcome: { ok: true, completion }, volumeSent, thread: threadId };
  } catch (error) {
    return { outcome: { ok: false, error: toErrorData(error) }, volumeSent, thread: threadId };
  } finally {
    jobs--;
    outbox.flush();
  }
}

async function openExclusive(): Promise<void> {
  post({ type: 'opened', error: await errorOf((await loading)?.openExclusive()) });
}

/** Memory of a GPU, and mapped weights, are given back here: the end of a thread alone frees neither at once. */
async function dispose(): Promise<void> {
  post({ type: 'disposed', error: await errorOf((await loading)?.dispose()) });
}

/** undefined where it went well. */
async function errorOf(work: Promise<void> | undefined): Promise<ErrorData | undefined> {
  try {
    await work;
    return undefined;
  } catch (error) {
    return toErrorData(error);
  }
}

const loading = load();
const ORDERS: Readonly<Record<WorkerOrder, () => Promise<void>>> = { open_exclusive: openExclusive, dispose };
new BroadcastChannel(spec.orders).onmessage = ({ data }: { readonly data: WorkerOrder }) => ORDERS[data]();

export default runTask;
/** The same for jobs in a context of their own, so that the pool can tell tasks apart. */
export const exclusive = runTask;
