import { commitmentLeaf, commitmentRoot } from '../../chain/index.js';
import {
  type Completion,
  type Divergence,
  type ModelInfo,
  type ProfileDifference,
  profileDifferences,
} from '../../core/index.js';
import type { Evidence } from '../../rpc/index.js';
import type { SingleRunResult } from '../single-run.js';
import { hex } from './consistency.js';
import { profileFromWire } from './profile-wire.js';

/** Something that the run has otherwise than the evidence. */
export interface Difference {
  /** As the evidence calls it. */
  readonly field: 'prompt_tokens' | 'input_tokens_count' | 'output_tokens_count' | 'text' | 'root' | 'leaf';
  readonly recorded: string;
  readonly computed: string;
}

/** How evidence and this machine agree. */
export interface Verification {
  /** `contradictory`: the evidence is at odds with itself, and nothing was run. */
  readonly verdict: 'equal' | 'differs' | 'contradictory';
  /** What contradicts itself, one sentence each. */
  readonly contradictions: readonly string[];
  /**
   * Fields in which the numeric profile of the evidence (`was`) and that of this run (`is`) differ; undefined where
   * the evidence has none, or nothing was run.
   */
  readonly profileDifferences: readonly ProfileDifference[] | undefined;
  /** The first token that differs. */
  readonly divergence: Divergence | undefined;
  /** Whatever else differs; of the answer only where each token is the same. */
  readonly differences: readonly Difference[];
  /** undefined where nothing was run. */
  readonly run: SingleRunResult | undefined;
}

/** Holds a run of the prompt, which was to give the tokens of the evidence, against all of the evidence. */
export function compareRun(evidence: Evidence, run: SingleRunResult): Verification {
  const { divergence } = run.completion;
  const differences = differencesOf(evidence, run.completion);
  return {
    verdict: divergence === undefined && differences.length === 0 ? 'equal' : 'differs',
    contradictions: [],
    profileDifferences: comparedProfiles(evidence, run.model),
    divergence,
    differences,
    run,
  };
}

function comparedProfiles({ profile }: Evidence, model: ModelInfo): readonly ProfileDifference[] | undefined {
  if (profile === null) return undefined;
  return profileDifferences(profileFromWire(profile), model.profile);
}

function differencesOf(evidence: Evidence, completion: Completion): readonly Difference[] {
  const found: Difference[] = [];
  const compare = (field: Difference['field'], recorded: string, computed: string): void => {
    if (recorded !== computed) found.push({ field, recorded, computed });
  };
  const { prompt_tokens } = evidence;
  if (prompt_tokens !== null) {
    compare('prompt_tokens', JSON.stringify(prompt_tokens), JSON.stringify(completion.promptTokens));
  }
  compare('input_tokens_count', evidence.input_tokens_count, String(completion.inputTokens));
  // Where a token differs, so does all that comes after it.
  if (completion.divergence !== undefined) return found;
  const data = new TextEncoder().encode(completion.text);
  compare('output_tokens_count', evidence.output_tokens_count, String(completion.tokens.length));
  compare('text', evidence.text, completion.text);
  compare('root', evidence.root, hex(commitmentRoot(data, BigInt(evidence.chunks_count))));
  compare('leaf', evidence.leaf, hex(commitmentLeaf(data, BigInt(evidence.leaf_index))));
  return found;
}
