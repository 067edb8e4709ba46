import t from 'tap';
import { ABORT } from '#src/chain/sui/abort-codes.js';
import { isNotEnough, operatorError } from '#src/chain/sui/operator-errors.js';

const WALLET = '0xa11ce';

function abort(code: number, module = 'db', digest?: string) {
  return { kind: 'abort', code: BigInt(code), module, where: `0x1::${module}::f`, digest } as const;
}

t.test('an abort is a sentence that says what to do', async (t) => {
  const action = { kind: 'subscribe', badgeId: '0x1', model: 'llama', echelon: 2n } as const;
  const codes = [
    ABORT.registrationDisabled,
    ABORT.modelDisabled,
    ABORT.notAuthorized,
    ABORT.echelonNotFound,
    ABORT.alreadySubscribed,
    ABORT.notSubscribed,
    ABORT.nodeIndexMismatch,
    ABORT.alreadyDisabled,
    ABORT.waitBeforeDestroy,
  ];
  for (const code of codes) {
    const error = operatorError(action, abort(code), WALLET);
    t.equal(error.code, 'contract_refused');
    t.equal(error.fields['abortCode'], code);
    t.match(
      error.message,
      new RegExp(`^the contract refused to subscribe: abort ${code} in .*: .+ \\(nothing was sent\\); \\w`),
    );
  }
  const paid = operatorError(action, abort(ABORT.modelDisabled, 'db', 'D1gest'), WALLET);
  t.match(paid.message, /transaction D1gest paid its gas for nothing/);
  const unknown = operatorError(action, abort(1, 'dynamic_field'), WALLET);
  t.match(unknown.message, /the network has no model "llama"; check its name/);
  const badge = operatorError({ kind: 'withdraw', badgeId: '0x1' }, abort(1, 'dynamic_field'), WALLET);
  t.match(badge.message, /no node of this badge; check atoma_db_id and node_badge_id/);
});

t.test('too little money is told from other faults', async (t) => {
  t.ok(isNotEnough(abort(2, 'balance')));
  t.notOk(isNotEnough(abort(2, 'db')));
  t.notOk(isNotEnough(abort(1, 'balance')));
  const unpaid = operatorError({ kind: 'register' }, { kind: 'unpaid', reason: 'no coins' }, WALLET);
  t.match(unpaid, {
    code: 'out_of_gas',
    message: /0xa11ce cannot pay the gas to register .*; send SUI to it/,
  });
});
