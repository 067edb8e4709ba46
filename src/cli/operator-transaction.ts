import type { OperatorAction, OperatorPreview, OperatorReceipt, SuiOperator } from '../chain/index.js';
import { confirm } from './confirm.js';
import { EXIT, writeLine } from './exit.js';
import { suiText, tokenText } from './operator-amounts.js';
import type { OperatorFlags } from './operator-command.js';

/** What a person should know before a transaction is sent. */
export interface ActionTexts {
  /** What it is, in a few words: `unsubscribe node 7 from llama`. */
  readonly title: string;
  /** What it brings about, a sentence each. */
  readonly effects: (preview: OperatorPreview) => readonly string[];
  /** What stands against it, a sentence each. */
  readonly warnings: readonly string[];
}

/**
 * The one way in which commands send: preview, question, transaction.
 * @returns `receipt` is undefined where nothing was sent: after `--dry-run`, or where the answer was no, which is a failure
 */
export async function carryOut(
  operator: SuiOperator,
  action: OperatorAction,
  texts: ActionTexts,
  flags: OperatorFlags,
): Promise<{ readonly receipt: OperatorReceipt | undefined; readonly exitCode: number }> {
  const preview = await operator.preview(action);
  showPreview(operator, preview, texts, flags);
  if (flags.dryRun) return { receipt: undefined, exitCode: EXIT.done };
  if (!flags.yes && !(await confirm('send it?'))) {
    process.stderr.write('nothing was sent\n');
    return { receipt: undefined, exitCode: EXIT.failed };
  }
  const receipt = await operator.send(preview, {
    // Before it is sent: whoever is cut off now can look it up.
    onSigned: ({ digest }) => {
      process.stderr.write(`sending transaction ${digest}\n`);
    },
  });
  showReceipt(operator, action, receipt, flags);
  return { receipt, exitCode: EXIT.done };
}

function showPreview(
  { address, url, token }: SuiOperator,
  preview: OperatorPreview,
  { title, effects, warnings }: ActionTexts,
  { json }: OperatorFlags,
): void {
  const { action, gasMist, budgetMist, tokenChange } = preview;
  const told = effects(preview);
  if (json) {
    writeLine({
      type: 'preview',
      ...actionFields(action),
      wallet: address,
      url,
      gas_mist: gasMist,
      gas_budget_mist: budgetMist,
      token: token.symbol,
      token_change: tokenChange,
      effects: told,
      warnings,
    });
    return;
  }
  const gas = `about ${suiText(gasMist)}, at most ${suiText(budgetMist)}`;
  const rows = [
    ['wallet', `${address} at ${url}`],
    ['gas', gas],
    ...(tokenChange === 0n ? [] : [[token.symbol, signed(tokenText(tokenChange, token))]]),
    ...told.map((effect) => ['effect', effect]),
    ...warnings.map((warning) => ['! note', warning]),
  ];
  const lines = rows.map(([label = '', text]) => `  ${label.padEnd(7)} ${text}\n`);
  process.stdout.write(`${title}\n${lines.join('')}`);
}

function showReceipt(
  { token }: SuiOperator,
  action: OperatorAction,
  { digest, gasMist, tokenChange }: OperatorReceipt,
  { json }: OperatorFlags,
): void {
  if (json) {
    const change = { gas_mist: gasMist, token: token.symbol, token_change: tokenChange };
    writeLine({ type: 'transaction', ...actionFields(action), digest, ...change });
    return;
  }
  const change = tokenChange === 0n ? '' : `, ${signed(tokenText(tokenChange, token))}`;
  process.stdout.write(`done in transaction ${digest}: gas ${suiText(gasMist)}${change}\n`);
}

function actionFields(action: OperatorAction): Record<string, unknown> {
  return {
    action: action.kind,
    ...('badgeId' in action && { node_badge_id: action.badgeId }),
    ...('model' in action && { model: action.model }),
    ...('echelon' in action && { echelon: action.echelon }),
  };
}

function signed(amount: string): string {
  return amount.startsWith('-') ? amount : `+${amount}`;
}
