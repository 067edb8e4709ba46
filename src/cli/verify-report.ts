import type { Divergence } from '../core/index.js';
import type { Evidence, Verification } from '../node/index.js';

/** Longer values are cut: the record of `--json` has them whole. */
const MAX_SHOWN = 80;

/** What `verify` says to people. */
export function verificationText(evidence: Evidence, verification: Verification): string {
  const lines =
    verification.verdict === 'contradictory'
      ? [
          `the evidence of ticket ${evidence.ticket_id} contradicts itself; nothing was run`,
          ...verification.contradictions,
        ]
      : [...profileLines(evidence, verification), ...answerLines(evidence, verification)];
  return `${lines.join('\n')}\n`;
}

function profileLines({ profile }: Evidence, verification: Verification): string[] {
  const { profileDifferences: differences } = verification;
  if (profile === null) return ['the evidence has no numeric profile: the node did not keep one'];
  if (differences === undefined || differences.length === 0) return [];
  return [
    'the numeric profile differs, so that answers need not agree:',
    ...differences.map(({ field, was, is }) => `  ${field}: recorded ${was}, here ${is}`),
  ];
}

function answerLines(evidence: Evidence, { verdict, divergence, differences }: Verification): string[] {
  const { ticket_id, output_tokens, input_tokens_count, output_tokens_count, leaf_index, chunks_count } =
    evidence;
  if (verdict === 'equal') {
    return [
      `equal: ticket ${ticket_id}: text, ${input_tokens_count} + ${output_tokens_count} tokens, root, and leaf ${leaf_index} of ${chunks_count}`,
    ];
  }
  return [
    `differs: ticket ${ticket_id}`,
    ...differences.map(
      (one) => `  ${one.field}: recorded ${shown(one.recorded)}, computed ${shown(one.computed)}`,
    ),
    ...(divergence === undefined ? [] : divergenceLines(divergence, output_tokens.length)),
  ];
}

function divergenceLines(divergence: Divergence, recorded: number): string[] {
  const { index, token, expected, text, expectedText, probability, expectedProbability } = divergence;
  return [
    `  the first token that differs is number ${index} of ${recorded}, counted from 0:`,
    `    recorded ${tokenText(expected, expectedText)}, which has probability ${expectedProbability} here`,
    `    computed ${tokenText(token, text)}, with probability ${probability}`,
  ];
}

function tokenText(token: number | undefined, text: string): string {
  return token === undefined ? 'the end of the answer' : `${token} ${quoted(text)}`;
}

function shown(value: string): string {
  const text = quoted(value);
  return text.length <= MAX_SHOWN ? text : `${text.slice(0, MAX_SHOWN)}…`;
}

/** JSON leaves U+007F to U+009F as they are, which steer some terminals. */
function quoted(text: string): string {
  return JSON.stringify(text).replace(/\p{Cc}/gu, '\ufffd');
}

/** What it says to programs. */
export function verificationLine(evidence: Evidence, verification: Verification): Record<string, unknown> {
  const { verdict, contradictions, profileDifferences, divergence, differences, run } = verification;
  return {
    type: 'verification',
    verdict,
    ticket_id: evidence.ticket_id,
    contradictions,
    profile_differences:
      profileDifferences?.map(({ field, was, is }) => ({ field, recorded: was, here: is })) ?? null,
    divergence: divergence === undefined ? null : divergenceToWire(divergence),
    differences,
    text: run?.completion.text ?? null,
    model: run?.model.name ?? null,
    device: run?.model.device ?? null,
    backend: run?.model.backend ?? null,
    profile_id: run?.model.profile.id ?? null,
  };
}

function divergenceToWire(divergence: Divergence): Record<string, unknown> {
  const { index, token, expected, text, expectedText, probability, expectedProbability } = divergence;
  return {
    index,
    recorded_token: expected ?? null,
    recorded_text: expectedText,
    recorded_probability: expectedProbability,
    computed_token: token ?? null,
    computed_text: text,
    computed_probability: probability,
  };
}
