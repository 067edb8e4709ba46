import { appendFile } from 'node:fs/promises';
import t from 'tap';
import { diagnose, Site } from './doctor-site.js';

t.test('a good set-up is found good', async (t) => {
  const site = await Site.start(t);
  const diagnosis = await diagnose(t, site.flags, { secrets: [site.node.secretKey] });
  t.same(diagnosis.names('fail'), []);
  t.same(diagnosis.names('skip'), []);
  t.match(diagnosis.get('badge'), { status: 'ok', found: new RegExp(site.node.badgeId) });
  t.match(diagnosis.get('subscriptions'), { status: 'ok', found: /atoma-tiny \(echelon 0\).*checkpoint 0/ });
  t.match(diagnosis.get('gas'), { status: 'ok', found: /gas for \d+ tickets/ });
  t.match(diagnosis.get('history'), { found: /from checkpoint 0 on.*without a journal/ });
});

t.test('a badge that is not there, not the wallet’s, or of another node', async (t) => {
  const site = await Site.start(t);
  const other = site.chain.addNode();
  const path = site.files.atomaSuiClientConfigPath;

  await site.edit(path, site.node.badgeId, other.badgeId);
  const foreign = await site.diagnose(t);
  t.match(foreign.get('badge'), {
    status: 'fail',
    found: new RegExp(`belongs to ${other.address}, but the wallet's address is ${site.node.address}`),
    remedy: /active address|node_badge_id/,
  });
  t.same(foreign.names('fail'), ['badge'], 'nothing else is blamed for it');

  await site.edit(path, other.badgeId, site.chain.atomaDbId);
  t.match((await site.diagnose(t)).get('badge'), {
    status: 'fail',
    found: /node_badge_id/,
    remedy: /check the id/,
  });

  await site.edit(path, /node_badge_id = .*/, `node_badge_id = "0x${'7'.repeat(64)}"`);
  t.match((await site.diagnose(t)).get('badge'), {
    status: 'fail',
    found: /is not on the chain/,
    remedy: 'check the id and the network',
  });
});

t.test('a small id that the badge does not have', async (t) => {
  const site = await Site.start(t);
  for (const path of [site.files.atomaSuiClientConfigPath, site.files.suiSubscriberPath]) {
    await site.edit(path, /small_id = .*/, 'small_id = 4_711');
  }
  const diagnosis = await site.diagnose(t);
  t.match(diagnosis.get('badge'), {
    status: 'fail',
    found: /badge of node 1, but small_id is 4711/,
    remedy: /set small_id = 1/,
  });
  t.match(diagnosis.get('subscriptions'), { status: 'warn', found: /no subscription of node 4711/ });
});

t.test('events of another package than the contract’s', async (t) => {
  const site = await Site.start(t);
  await site.edit(site.files.suiSubscriberPath, site.chain.packageId, `0x${'9'.repeat(64)}`);
  t.match((await site.diagnose(t)).get('contract'), {
    status: 'fail',
    found: /no ticket would be seen/,
    remedy: new RegExp(`package_id = "${site.chain.packageId}"`),
  });
  await site.edit(site.files.atomaSuiClientConfigPath, site.chain.packageId, `0x${'9'.repeat(64)}`);
  t.match((await site.diagnose(t)).get('contract'), {
    status: 'fail',
    found: /nothing of that name/,
    remedy: /client\.package_id/,
  });
});

t.test('a wallet without gas', async (t) => {
  const site = await Site.start(t, { gasMist: 30_000_000n });
  const diagnosis = await site.diagnose(t);
  t.match(diagnosis.get('gas'), {
    status: 'fail',
    found: /gas for 3 tickets: 0\.03 SUI/,
    remedy: `send SUI to ${site.node.address}`,
  });
  site.chain.payNode(site.node.address, 500_000_000n);
  t.match((await site.diagnose(t)).get('gas'), { status: 'warn', found: /gas for 53 tickets/ });
});

t.test('a chain that is down fails one check, and what needs it is not blamed', async (t) => {
  const site = await Site.start(t);
  await site.chain.goOffline();
  const diagnosis = await site.diagnose(t);
  t.same(diagnosis.names('fail'), ['endpoint']);
  t.same(diagnosis.names('skip'), ['clock', 'history', 'contract', 'badge', 'gas', 'subscriptions']);
  t.match(diagnosis.get('endpoint'), {
    found: new RegExp(`${site.chain.url} did not answer`),
    remedy: /check that it is reachable/,
  });
  t.match(diagnosis.get('gas'), { found: /the endpoint does not answer/ });
  t.equal(diagnosis.get('address').status, 'ok');
});

t.test('a clock that is off', async (t) => {
  const site = await Site.start(t);
  site.chain.advance(10_000);
  t.match((await site.diagnose(t)).get('clock'), {
    status: 'warn',
    found: /(9\.\d|10\.0) s behind/,
    remedy: /NTP.*deadlines/,
  });
  site.chain.advance(50_000);
  const off = await site.diagnose(t);
  t.match(off.get('clock'), { status: 'fail', found: /(59\.\d|60\.0) s behind/ });
});

t.test('models that are subscribed to or configured alone', async (t) => {
  const site = await Site.start(t);
  await site.edit(site.files.modelConfigPath, 'name = "atoma-tiny"', 'name = "another"');
  const unserved = await site.diagnose(t);
  t.match(unserved.get('subscriptions'), {
    status: 'fail',
    found: /subscribed to "atoma-tiny", which is not configured/,
    remedy: /add it to models under that name.*unsubscribe/,
  });

  await appendFile(site.files.modelConfigPath, await site.modelTable('atoma-tiny'));
  const idle = await site.diagnose(t);
  t.same(idle.names('fail'), []);
  t.match(idle.get('subscriptions'), {
    status: 'warn',
    found: /no subscription to "another" seen since checkpoint 0/,
    remedy: /use the command subscribe/,
  });

  site.chain.prune();
  t.match((await site.diagnose(t)).get('subscriptions'), {
    status: 'warn',
    found: /no subscription of node 1 seen since checkpoint [1-9]\d*$/,
  });
});
