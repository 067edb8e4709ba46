import type { ModelInfo } from '../../core/index.js';
import { figuresOf, type NodeFacts, type Problem, type TicketFacts } from '../../node/index.js';
import { tableText } from '../text-layout.js';
import type { CastMember } from './cast.js';
import { type RehearsalReport, type RehearsalResult, type StageFacts, totalsOf } from './report.js';

const MS_PER_SECOND = 1000;
/** What is wrong with every prompt need not be read a thousand times; `--json` tells all. */
const MAX_PROBLEMS_SHOWN = 10;
const ROLES = { honest: 'honest', liar: 'lies', oracle: 'oracle' } as const;
const HEADINGS = [
  'node',
  'part',
  'answers',
  'earned',
  'lost',
  'before the deadline, min / median',
  'first token',
  'tokens/s',
];

/** For people, on stdout. */
export class TextReport implements RehearsalReport {
  readonly #prompts: number;

  constructor(options: { readonly prompts: number }) {
    this.#prompts = options.prompts;
  }

  loaded(models: readonly ModelInfo[]): void {
    for (const {
      name,
      device,
      backend,
      description,
      workers,
      sequencesPerWorker,
      profile,
      verdictReason,
    } of models) {
      const pool = `${workers} × ${sequencesPerWorker} sequences`;
      write(
        `model      ${name} (${description}) with ${backend} on ${device}, ${pool}, ${profile.verdict}: ${verdictReason}\n`,
      );
    }
  }

  staged({ url, members, settlementTimeoutMs }: StageFacts): void {
    write(`dev chain  ${url}, ${settlementTimeoutMs / MS_PER_SECOND} s for a commitment\n`);
    write(`nodes      ${members.map(partText).join(', ')}\n\n`);
  }

  committed({ ticketId, isSampled, parts, disputed }: TicketFacts, index: number): void {
    const commitments = parts.filter(({ committedAtMs }) => committedAtMs !== undefined).length;
    const [tokens] = parts.flatMap(({ ticket }) => ticket?.answer ?? []);
    const counts =
      tokens === undefined ? '' : `, ${tokens.inputTokens} tokens in, ${tokens.outputTokens} out`;
    const outcome = `${commitments} of ${parts.length} committed${disputed ? ', disputed' : ''}`;
    write(
      `[${index + 1}/${this.#prompts}]  ${ticketId.slice(0, 10)}…  ${isSampled ? 'sampled' : 'greedy'}${counts}: ${outcome}\n`,
    );
  }

  disputed(tickets: number): void {
    write(
      `\n${tickets} disputed: the chain's clock is moved on, so that they are due, and the oracle decides\n`,
    );
  }

  end(result: RehearsalResult): void {
    const { facts, problems, answeringMs } = result;
    write(`\n${tableText([HEADINGS, ...facts.nodes.map((node) => row(node, facts.tickets))])}`);
    const { settled, judged, outputTokens, tokensPerSecond } = totalsOf(result);
    const { perInputToken, perOutputToken } = facts.fees;
    const seconds = (answeringMs / MS_PER_SECOND).toFixed(1);
    write(`\n${settled} of ${facts.tickets.length} tickets settled, ${judged} of them by the oracle\n`);
    write(
      `${outputTokens} tokens generated in ${seconds} s: ${Math.round(tokensPerSecond)} tokens/s of all nodes together\n`,
    );
    write(`amounts in TOMA units; a token costs ${perInputToken} in, ${perOutputToken} out\n\n`);
    write(problems.length === 0 ? `${allWell(facts.nodes)}\n` : problemsText(problems));
  }
}

function write(text: string): void {
  process.stdout.write(text);
}

function partText({ smallId, role }: Pick<CastMember, 'smallId' | 'role'>): string {
  return `${smallId} ${ROLES[role]}`;
}

function row(node: NodeFacts, tickets: readonly TicketFacts[]): readonly string[] {
  const { commitments, marginMs, firstTokenMs, tokensPerSecond } = figuresOf(node.smallId, tickets);
  const margin =
    marginMs === undefined ? '' : `${secondsText(marginMs.min)} / ${secondsText(marginMs.median)}`;
  return [
    String(node.smallId),
    ROLES[node.role],
    node.role === 'oracle' ? '' : String(commitments),
    String(node.earned),
    String(node.lost),
    margin,
    firstTokenMs === undefined ? '' : `${Math.round(firstTokenMs)} ms`,
    tokensPerSecond === undefined ? '' : String(Math.round(tokensPerSecond)),
  ];
}

function problemsText(problems: readonly Problem[]): string {
  const lines = problems.slice(0, MAX_PROBLEMS_SHOWN).map(({ message }) => `- ${message}\n`);
  const left = problems.length - lines.length;
  return `NOT as it must:\n${lines.join('')}${left > 0 ? `and ${left} more, which --json shows\n` : ''}`;
}

function secondsText(ms: number): string {
  return `${(ms / MS_PER_SECOND).toFixed(1)} s`;
}

function allWell(nodes: readonly NodeFacts[]): string {
  const liar = nodes.find(({ role }) => role === 'liar');
  const paid = 'All as it must: the honest nodes agreed on every answer and were paid for it';
  return liar === undefined
    ? `${paid}; nobody lost anything.`
    : `${paid}; node ${liar.smallId}, which lied, lost its collateral, and nobody else anything.`;
}
