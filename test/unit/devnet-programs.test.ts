import type { Transaction, TransactionArgument, TransactionObjectArgument } from '@mysten/sui/transactions';
import { SUI_TYPE_ARG } from '@mysten/sui/utils';
import fc from 'fast-check';
import t from 'tap';
import { AtomaError } from '#src/core/index.js';
import { TOMA_SUPPLY } from '#src/devnet/genesis.js';
import { runAs } from '#src/devnet/transactor.js';
import { Stage } from './devnet-stage.js';

/** Where an argument comes from: a number that the program takes modulo what there is. */
const source = fc.record({
  kind: fc.constantFrom('input', 'pure', 'gas', 'result'),
  index: fc.nat(12),
  sub: fc.nat(2),
});
type Source = { readonly kind: string; readonly index: number; readonly sub: number };

const command = fc.record({
  kind: fc.constantFrom('call', 'call', 'call', 'split', 'merge', 'transfer', 'vector'),
  target: fc.nat(100),
  type: fc.nat(2),
  args: fc.array(source, { maxLength: 4 }),
});

type CommandPlan = typeof command extends fc.Arbitrary<infer Plan> ? Plan : never;

/** Writes a program of nonsense that still has the form of a transaction. */
function write(stage: Stage, badgeId: string, tx: Transaction, commands: readonly CommandPlan[]): void {
  const { ids, ledger } = stage.genesis;
  const framework = ledger.functions.ofPackage(`0x${'2'.padStart(64, '0')}`);
  const functions = [...framework, ...framework, ...ledger.functions.ofPackage(ids.packageId)];
  const types = [`${ids.tomaPackageId}::toma::TOMA`, SUI_TYPE_ARG, 'u8'];
  const objects = [stage.user.tomaCoinId, ids.atomaDbId, badgeId, stage.user.tomaCoinId];
  const pures = [() => tx.pure.u64(5n), () => tx.pure.address(stage.user.address), () => tx.pure.bool(true)];
  const pick = <T>(items: readonly T[], index: number): T => {
    const item = items[index % items.length];
    if (item === undefined) throw new Error('nothing to pick from');
    return item;
  };
  const object = ({ kind, index, sub }: Source, at: number): TransactionObjectArgument => {
    if (kind === 'gas' || kind === 'pure') return tx.gas;
    if (kind === 'input' || at === 0) return tx.object(pick(objects, index));
    return { $kind: 'NestedResult', NestedResult: [index % at, sub] };
  };
  const argument = (from: Source, at: number): TransactionArgument =>
    from.kind === 'pure' ? pick(pures, from.index)() : object(from, at);
  for (const [at, { kind, target, type, args }] of commands.entries()) {
    const [first = tx.gas, ...rest] = args.map((one) => object(one, at));
    const values = args.map((one) => argument(one, at));
    const called = pick(functions, target);
    if (kind === 'split') tx.splitCoins(first, values);
    else if (kind === 'merge') tx.mergeCoins(first, rest);
    else if (kind === 'transfer') tx.transferObjects([first, ...rest], stage.user.address);
    else if (kind === 'vector') tx.makeMoveVec({ elements: [first, ...rest] });
    else {
      tx.moveCall({
        target: `${called.packageId}::${called.module}::${called.name}`,
        typeArguments: Array.from({ length: called.typeParameters }, () => pick(types, type)),
        arguments: values,
      });
    }
  }
}

t.test('programs of nonsense are refused or fail, and make or lose no money', async (t) => {
  const stage = new Stage({ seed: 3n });
  const badgeId = stage.accounts.addNode().badgeId;
  const sui = stage.sui();
  const outcomes = { succeeded: 0, failed: 0, rejected: 0 };
  fc.assert(
    fc.property(fc.array(command, { minLength: 1, maxLength: 5 }), (commands) => {
      try {
        const sender = stage.user.address;
        const done = runAs(stage.genesis.ledger, sender, (tx: Transaction) =>
          write(stage, badgeId, tx, commands),
        );
        if (done.effects.failed === undefined) outcomes.succeeded++;
      } catch (error) {
        // Anything else is a fault of the interpreter's own.
        if (!(error instanceof AtomaError) || error.code === 'internal') throw error;
        if (error.code === 'devnet_setup_failed') outcomes.failed++;
        else outcomes.rejected++;
      }
      return stage.toma() === TOMA_SUPPLY;
    }),
    { numRuns: 400 },
  );
  t.equal(stage.sui(), sui);
  t.ok(outcomes.succeeded > 0 && outcomes.failed > 0 && outcomes.rejected > 0, JSON.stringify(outcomes));
});
