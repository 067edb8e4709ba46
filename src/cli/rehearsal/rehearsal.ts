import { DEVNET_DEFAULTS } from '../../devnet/index.js';
import { judge, type RehearsalFacts } from '../../node/index.js';
import { type Played, type PlayOptions, play } from './play.js';
import type { RehearsalReport, RehearsalResult } from './report.js';
import {
  SETTLEMENT_TIMEOUT_MS,
  type Stage,
  type StageModules,
  type StageOptions,
  setStage,
} from './stage.js';

export type RehearsalOptions = StageOptions & PlayOptions;

export interface RehearsalModules extends Omit<StageModules, 'onFatal'> {
  readonly report: RehearsalReport;
}

/**
 * Sets the stage, plays, and judges what came of it.
 * @param closing is given what is to be called in the end, the last first, also where this throws
 * @throws AtomaError of what cannot be loaded or started; what a node cannot go on with; what `signal` was aborted
 * with
 */
export async function rehearsal(
  options: RehearsalOptions,
  modules: RehearsalModules,
  closing: (() => Promise<void>)[],
): Promise<RehearsalResult> {
  const { report } = modules;
  const fatal = new AbortController();
  const signal = AbortSignal.any([modules.signal, fatal.signal]);
  const onLoaded: StageModules['onLoaded'] = (models) => {
    modules.onLoaded(models);
    report.loaded(models);
  };
  const onFatal = (error: unknown): void => fatal.abort(error);
  const stage = await setStage(options, { ...modules, signal, onLoaded, onFatal }, closing);
  const { chain, members } = stage;
  report.staged({ url: chain.url, members, settlementTimeoutMs: SETTLEMENT_TIMEOUT_MS });
  const played = await play(stage, options, {
    signal,
    onCommitted: (ticket, index) => report.committed(ticket, index),
    onDisputes: (tickets) => report.disputed(tickets),
  });
  const facts = factsOf(stage, played);
  const { answeringMs } = played;
  const result = { model: options.model.name, facts, answeringMs, problems: judge(facts) };
  report.end(result);
  return result;
}

function factsOf({ chain, members }: Stage, { tickets }: Played): RehearsalFacts {
  const payments = chain.settlements().flatMap(({ paid }) => paid);
  const { inputFeePerToken: perInputToken, outputFeePerToken: perOutputToken } = DEVNET_DEFAULTS;
  return {
    tickets,
    fees: { perInputToken, perOutputToken },
    nodes: members.map(({ smallId, role }) => ({
      smallId,
      role,
      earned: payments.filter((one) => one.smallId === smallId).reduce((sum, { amount }) => sum + amount, 0n),
      lost: chain.slashed(smallId),
      collateral: chain.collateral(smallId) ?? 0n,
    })),
  };
}
