import t from 'tap';
import { Accounts } from '#src/devnet/accounts.js';
import { Clock } from '#src/devnet/clock.js';
import { EventIndex, type EventQuery } from '#src/devnet/event-index.js';
import { createGenesis } from '#src/devnet/genesis.js';
import { afterCheckpoint, checkpointOf } from '#src/devnet/ledger/position.js';
import { DEVNET_DEFAULTS } from '#src/devnet/options.js';
import { SeededRandom } from '#src/devnet/random.js';

const EVERYTHING: EventQuery = {
  matches: () => true,
  after: undefined,
  before: undefined,
  startCheckpoint: undefined,
  endCheckpoint: undefined,
  descending: false,
  limit: 1000,
};

/** A ledger with a published event and two of each of six nodes. */
function makeLedger() {
  const random = new SeededRandom(1n);
  const genesis = createGenesis(DEVNET_DEFAULTS, { random, clock: new Clock() });
  const accounts = new Accounts(DEVNET_DEFAULTS, { genesis, random });
  accounts.catalogue.addModel(DEVNET_DEFAULTS.model);
  for (let n = 0; n < 6; n++) accounts.addNode();
  return genesis.ledger;
}

t.test('a scan that finds little stops, says where, and goes on from there', async (t) => {
  const ledger = makeLedger();
  const index = new EventIndex({ scanLimit: 4 }, { ledger });
  const matches: EventQuery['matches'] = ({ type }) => type.endsWith('::NodeRegisteredEvent');
  for (const descending of [false, true]) {
    const found: bigint[] = [];
    const ends: (string | undefined)[] = [];
    let bounds: Partial<EventQuery> = {};
    do {
      const frames = index.query({ ...EVERYTHING, ...bounds, matches, descending });
      found.push(...frames.flatMap(({ event }) => (event ? [event.position] : [])));
      const last = frames.at(-1);
      ends.push(last?.end);
      bounds = descending ? { before: last?.cursor } : { after: last?.cursor };
    } while (ends.at(-1) === 'SCAN_LIMIT');
    const wanted = ledger.events.filter(matches).map(({ position }) => position);
    t.same(found, descending ? wanted.reverse() : wanted);
    t.ok(ends.length > 3, 'it took several scans');
    t.equal(ends.at(-1), descending ? 'CHECKPOINT_BOUND' : 'LEDGER_TIP');
  }
});

t.test('the nearest bound ends a query, and nothing is claimed that was not covered', async (t) => {
  const ledger = makeLedger();
  const index = new EventIndex({ scanLimit: 1000 }, { ledger });
  const { tip } = ledger.checkpoints;
  const end = (query: Partial<EventQuery>) => index.query({ ...EVERYTHING, ...query }).at(-1);
  t.match(end({}), { end: 'LEDGER_TIP', cursor: afterCheckpoint(tip), covered: tip });
  t.match(end({ before: afterCheckpoint(tip) }), { end: 'CURSOR_BOUND', cursor: afterCheckpoint(tip) });
  t.match(end({ before: afterCheckpoint(tip + 5n) }), { end: 'LEDGER_TIP' });
  t.match(end({ endCheckpoint: 3n }), { end: 'CHECKPOINT_BOUND', cursor: afterCheckpoint(2n), covered: 2n });
  t.match(end({ endCheckpoint: tip + 9n }), { end: 'LEDGER_TIP' });
  t.match(end({ endCheckpoint: 0n }), { end: 'CHECKPOINT_BOUND', cursor: 0n });
  t.match(end({ after: afterCheckpoint(tip + 3n) }), {
    cursor: afterCheckpoint(tip + 3n),
    covered: undefined,
  });
  const inside = index.query({ ...EVERYTHING, startCheckpoint: 2n, endCheckpoint: 6n });
  const checkpoints = inside.flatMap(({ event }) => (event ? [event.checkpoint] : []));
  t.ok(checkpoints.length > 0);
  t.ok(checkpoints.every((checkpoint) => checkpoint >= 2n && checkpoint < 6n));
  for (const { event, covered } of inside) {
    if (event && covered !== undefined) t.ok(covered < checkpointOf(event.position));
  }
  const [full] = index.query({ ...EVERYTHING, limit: 1 });
  t.match(full, { end: 'ITEM_LIMIT' });
  t.ok(full?.event, 'the last item comes with the end');
});
