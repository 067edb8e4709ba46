import { bcs } from '@mysten/sui/bcs';
import { SUI_FRAMEWORK } from './addresses.js';
import { ExecutionFailure } from './failure.js';
import { type Call, defineModule, type MoveFunction } from './function.js';
import { Balance, type MoveValue } from './values.js';

/** `sui::balance::ENonZero`. */
const NON_ZERO = 0;
const COIN = '0x2::coin::Coin<T0>';
const BALANCE = '0x2::balance::Balance<T0>';
const CONTEXT = '&mut 0x2::tx_context::TxContext';

function u64(value: bigint): MoveValue {
  return { kind: 'pure', bytes: bcs.u64().serialize(value).toBytes() };
}

function balanceOf(balance: Balance): MoveValue {
  return { kind: 'balance', balance };
}

/** The type argument that every function here has. */
function typeArgument(call: Call): string {
  return call.typeArguments[0] ?? '';
}

function destroyZero(call: Call): void {
  if (call.args.balance(0).value !== 0n) throw call.abort(NON_ZERO, 'the balance is not zero');
}

function coinFunctions(): MoveFunction[] {
  return defineModule(SUI_FRAMEWORK, 'coin', {
    value: {
      typeParameters: 1,
      parameters: [`&${COIN}`],
      returns: ['u64'],
      run: ({ args }) => [u64(args.balance(0).value)],
    },
    balance: {
      typeParameters: 1,
      parameters: [`&${COIN}`],
      returns: [`&${BALANCE}`],
      run: ({ args }) => [{ kind: 'reference', mutable: false, to: balanceOf(args.balance(0)) }],
    },
    balance_mut: {
      typeParameters: 1,
      parameters: [`&mut ${COIN}`],
      returns: [`&mut ${BALANCE}`],
      run: ({ args }) => [{ kind: 'reference', mutable: true, to: balanceOf(args.balance(0)) }],
    },
    into_balance: {
      typeParameters: 1,
      parameters: [COIN],
      returns: [BALANCE],
      run: ({ args, context }) => {
        const coin = args.coin(0);
        context.delete(coin.id);
        return [balanceOf(coin.balance)];
      },
    },
    from_balance: {
      typeParameters: 1,
      parameters: [BALANCE, CONTEXT],
      returns: [COIN],
      run: ({ args, context }) => [context.newCoin(args.balance(0))],
    },
    split: {
      typeParameters: 1,
      parameters: [`&mut ${COIN}`, 'u64', CONTEXT],
      returns: [COIN],
      run: ({ args, context }) => [context.newCoin(args.balance(0).split(args.u64(1)))],
    },
    take: {
      typeParameters: 1,
      parameters: [`&mut ${BALANCE}`, 'u64', CONTEXT],
      returns: [COIN],
      run: ({ args, context }) => [context.newCoin(args.balance(0).split(args.u64(1)))],
    },
    put: {
      typeParameters: 1,
      parameters: [`&mut ${BALANCE}`, COIN],
      run: joinCoin,
    },
    join: {
      typeParameters: 1,
      isEntry: true,
      parameters: [`&mut ${COIN}`, COIN],
      run: joinCoin,
    },
    zero: {
      typeParameters: 1,
      parameters: [CONTEXT],
      returns: [COIN],
      run: (call) => [call.context.newCoin(new Balance(typeArgument(call), 0n))],
    },
    destroy_zero: {
      typeParameters: 1,
      parameters: [COIN],
      run: (call) => {
        destroyZero(call);
        call.context.delete(call.args.coin(0).id);
        return undefined;
      },
    },
  });
}

function joinCoin({ args, context }: Call): undefined {
  args.balance(0).join(args.balance(1));
  context.delete(args.coin(1).id);
}

function balanceFunctions(): MoveFunction[] {
  return defineModule(SUI_FRAMEWORK, 'balance', {
    value: {
      typeParameters: 1,
      parameters: [`&${BALANCE}`],
      returns: ['u64'],
      run: ({ args }) => [u64(args.balance(0).value)],
    },
    split: {
      typeParameters: 1,
      parameters: [`&mut ${BALANCE}`, 'u64'],
      returns: [BALANCE],
      run: ({ args }) => [balanceOf(args.balance(0).split(args.u64(1)))],
    },
    withdraw_all: {
      typeParameters: 1,
      parameters: [`&mut ${BALANCE}`],
      returns: [BALANCE],
      run: ({ args }) => [balanceOf(args.balance(0).split(args.balance(0).value))],
    },
    join: {
      typeParameters: 1,
      parameters: [`&mut ${BALANCE}`, BALANCE],
      returns: ['u64'],
      run: ({ args }) => {
        args.balance(0).join(args.balance(1));
        return [u64(args.balance(0).value)];
      },
    },
    zero: {
      typeParameters: 1,
      parameters: [],
      returns: [BALANCE],
      run: (call) => [balanceOf(new Balance(typeArgument(call), 0n))],
    },
    destroy_zero: {
      typeParameters: 1,
      parameters: [BALANCE],
      run: (call) => {
        destroyZero(call);
        return undefined;
      },
    },
  });
}

/** The part of Sui's framework that a payer of the contract needs: coins, balances and transfers. */
export function frameworkFunctions(): MoveFunction[] {
  const transfer = defineModule(SUI_FRAMEWORK, 'transfer', {
    public_transfer: {
      typeParameters: 1,
      parameters: ['T0', 'address'],
      run: ({ args, context }) => {
        const value = args.value(0);
        // Only coins have `store` on this chain; a node's badge stays with its node.
        if (value.kind !== 'coin') {
          throw new ExecutionFailure({ kind: 'invalidTransfer' }, `a ${value.kind} cannot be transferred`);
        }
        context.transfer(value, args.address(1));
        return undefined;
      },
    },
  });
  return [...coinFunctions(), ...balanceFunctions(), ...transfer];
}
