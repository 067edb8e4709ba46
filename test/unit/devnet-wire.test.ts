import { type BcsType, bcs } from '@mysten/sui/bcs';
import { GrpcTypes } from '@mysten/sui/grpc';
import fc from 'fast-check';
import t from 'tap';
import { decodeCursor, encodeCursor } from '#src/devnet/cursor.js';
import { eventPosition } from '#src/devnet/ledger/position.js';
import { isValidPure } from '#src/devnet/move/pure.js';
import { canonicalType, parseType } from '#src/devnet/move/types.js';
import { ReadMask } from '#src/devnet/read-mask.js';

t.test('cursors keep the order of the ledger and come back as they went', async () => {
  const place = fc.tuple(fc.bigInt(0n, 1n << 60n), fc.nat(), fc.nat());
  fc.assert(
    fc.property(place, place, (a, b) => {
      const [first, second] = [eventPosition(...a), eventPosition(...b)];
      const order = Buffer.compare(encodeCursor(first), encodeCursor(second));
      return (
        decodeCursor(encodeCursor(first)) === first &&
        order === Number(first > second) - Number(first < second)
      );
    }),
  );
});

t.test('pure bytes are taken where the SDK would have written them, and nowhere else', async (t) => {
  const check = <T, Input>(type: string, schema: BcsType<T, Input>, values: fc.Arbitrary<Input>): void => {
    const parsed = parseType(type);
    fc.assert(
      fc.property(values, fc.uint8Array({ maxLength: 3 }), (value, junk) => {
        const bytes = schema.serialize(value).toBytes();
        const longer = Uint8Array.from([...bytes, ...junk]);
        return isValidPure(bytes, parsed) && isValidPure(longer, parsed) === (junk.length === 0);
      }),
    );
    t.notOk(isValidPure(new Uint8Array(), parsed), `nothing is no ${type}`);
  };
  check('u64', bcs.u64(), fc.bigInt(0n, (1n << 64n) - 1n));
  check('bool', bcs.bool(), fc.boolean());
  check('0x1::string::String', bcs.string(), fc.string({ unit: 'binary' }));
  check('vector<u32>', bcs.vector(bcs.u32()), fc.array(fc.nat()));
  check('vector<vector<u8>>', bcs.vector(bcs.vector(bcs.u8())), fc.array(fc.array(fc.nat(255))));
  check('0x1::option::Option<u64>', bcs.option(bcs.u64()), fc.option(fc.bigInt(0n, 99n)));
  t.notOk(isValidPure(Uint8Array.from([2]), parseType('bool')));
  t.notOk(isValidPure(Uint8Array.from([1, 0xff]), parseType('0x1::string::String')), 'not UTF-8');
  t.notOk(isValidPure(Uint8Array.from([2, 0xc3, 0xa9]), parseType('0x1::ascii::String')), 'not ASCII');
  t.notOk(isValidPure(Uint8Array.from([0x80, 0]), parseType('vector<u8>')), 'a length in two bytes for one');
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      isValidPure(bytes, parseType('vector<0x1::option::Option<0x1::string::String>>'));
    }),
  );
});

t.test('types have one canonical form', async (t) => {
  const zeros = '0'.repeat(63);
  t.equal(canonicalType('0x2::coin::Coin<0x2::sui::SUI>'), `0x${zeros}2::coin::Coin<0x${zeros}2::sui::SUI>`);
  t.equal(
    canonicalType('0x2::a::B< u8 , vector<0x1::c::D> >'),
    `0x${zeros}2::a::B<u8,vector<0x${zeros}1::c::D>>`,
  );
  for (const wrong of ['', 'u65', '0x2::coin', '0x2::coin::Coin<', 'coin::Coin', 'vector<>', '0xg::a::B']) {
    t.throws(() => canonicalType(wrong), { code: 'invalid_type' }, wrong);
  }
});

t.test('a read mask picks fields, also inside lists and choices', async (t) => {
  const message = {
    digest: 'D',
    checkpoint: 5n,
    balanceChanges: [{ address: '0x1', amount: '3' }],
    effects: { epoch: 1n, lamportVersion: 9n, changedObjects: [{ objectId: '0x1', inputVersion: 2n }] },
  };
  const read = (...paths: string[]) => {
    const mask = new ReadMask(GrpcTypes.ExecutedTransaction, { paths }, ['digest']);
    return GrpcTypes.ExecutedTransaction.toJson(mask.apply(message));
  };
  t.same(read('digest'), { digest: 'D' });
  t.same(read(), { digest: 'D' }, 'the default');
  t.same(read('effects.epoch', 'effects.changed_objects.object_id'), {
    effects: { epoch: '1', changedObjects: [{ objectId: '0x1' }] },
  });
  t.same(read('effects', 'effects.epoch'), read('effects'), 'the whole wins over its part');
  t.same(read('effects.epoch', 'effects'), read('effects'), 'in any order');
  t.same(read('balance_changes.amount'), { balanceChanges: [{ amount: '3' }] });
  t.throws(() => read('effects.nothing'), { code: 'grpc_invalid_argument' });
  const mask = new ReadMask(GrpcTypes.ExecutedTransaction, { paths: ['effects.status'] }, []);
  t.equal(mask.wants('effects'), true);
  t.equal(mask.wants('effects.status.error'), true);
  t.equal(mask.wants('effects.epoch'), false);
});
