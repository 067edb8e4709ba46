import type { Evidence } from '../../rpc/index.js';
import { runOnce, type SingleRunModules, type SingleRunOptions } from '../single-run.js';
import { compareRun, type Verification } from './compare-run.js';
import { contradictions } from './consistency.js';
import { paramsFromWire } from './params-wire.js';

/** Which model, and where; the rest of how it ran is as the evidence says. */
export interface VerifyOptions extends Pick<SingleRunOptions, 'model' | 'backend' | 'device' | 'gpu'> {
  /** For evidence without a profile. */
  readonly engine: SingleRunOptions['engine'];
}

/**
 * Holds evidence against itself, and then against what its prompt gives here, run alone.
 * @throws AtomaError as {@link runOnce}
 */
export async function verify(
  evidence: Evidence,
  options: VerifyOptions,
  modules: Omit<SingleRunModules, 'onTokens'>,
): Promise<Verification> {
  const wrong = contradictions(evidence);
  if (wrong.length > 0) {
    const nothing = { profileDifferences: undefined, divergence: undefined, differences: [], run: undefined };
    return { verdict: 'contradictory', contradictions: wrong, ...nothing };
  }
  const run = await runOnce(runOptions(evidence, options), { ...modules, onTokens: () => undefined });
  return compareRun(evidence, run);
}

function runOptions(evidence: Evidence, { engine, ...options }: VerifyOptions): SingleRunOptions {
  const { profile, output_tokens } = evidence;
  return {
    ...options,
    engine:
      profile === null
        ? engine
        : {
            useFlashAttention: profile.flash_attention,
            contextSize: profile.context_size,
            batchSize: profile.batch_size,
            threads: profile.threads,
          },
    chat: false,
    // A node may call the model as it likes.
    params: { ...paramsFromWire(evidence.params), model: options.model.name },
    expected: output_tokens,
  };
}
