import { commitmentLeaf, commitmentRoot, floatFromBits, MAX_CHUNKS } from '../../chain/index.js';
import type { Evidence } from '../../rpc/index.js';
import { numericProfile } from '../../workers/index.js';
import { profileFromWire } from './profile-wire.js';

const FLOATS = ['temperature', 'top_p', 'repeat_penalty'] as const;

/**
 * What in a piece of evidence contradicts itself, one sentence each: nobody needs to run anything to see that it is
 * not what was committed.
 */
export function contradictions(evidence: Evidence): readonly string[] {
  return [
    ...commitmentProblems(evidence),
    ...countProblems(evidence),
    ...floatProblems(evidence),
    ...profileProblems(evidence),
  ];
}

function commitmentProblems({ text, root, leaf, leaf_index, chunks_count }: Evidence): string[] {
  const [index, chunks] = [BigInt(leaf_index), BigInt(chunks_count)];
  if (chunks < 1n || chunks > MAX_CHUNKS) return [`chunks_count is ${chunks}, and no ticket has so many`];
  if (index >= chunks) return [`leaf_index is ${index}, and there are only ${chunks} leaves`];
  const data = new TextEncoder().encode(text);
  const problems: string[] = [];
  const expectedRoot = hex(commitmentRoot(data, chunks));
  if (expectedRoot !== root) {
    problems.push(`the text does not have the root ${root} but ${expectedRoot}: text or root was altered`);
  }
  const expectedLeaf = hex(commitmentLeaf(data, index));
  if (expectedLeaf !== leaf) {
    problems.push(
      `the text does not have the leaf ${leaf} but ${expectedLeaf}: text, leaf or leaf_index was altered`,
    );
  }
  return problems;
}

function countProblems(evidence: Evidence): string[] {
  const { prompt_tokens, output_tokens, input_tokens_count, output_tokens_count } = evidence;
  const problems: string[] = [];
  if (output_tokens_count !== String(output_tokens.length)) {
    problems.push(
      `output_tokens_count is ${output_tokens_count}, and there are ${output_tokens.length} tokens`,
    );
  }
  if (prompt_tokens !== null && input_tokens_count !== String(prompt_tokens.length)) {
    problems.push(
      `input_tokens_count is ${input_tokens_count}, and there are ${prompt_tokens.length} tokens`,
    );
  }
  return problems;
}

function floatProblems({ params }: Evidence): string[] {
  return FLOATS.flatMap((name) => {
    const [value, bits] = [params[name], params[`${name}_bits`]];
    const meant = floatFromBits(bits);
    return Math.fround(value) === meant
      ? []
      : [`params.${name} is ${value}, and params.${name}_bits is ${bits}, which is ${meant}`];
  });
}

function profileProblems({ profile }: Evidence): string[] {
  if (profile === null) return [];
  const { id, ...facts } = profileFromWire(profile);
  const expected = numericProfile(facts).id;
  return id === expected ? [] : [`profile.id is ${id}, and its other fields have the id ${expected}`];
}

/** Bytes as hexadecimal digits. */
export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
