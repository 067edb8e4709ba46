import t from 'tap';
import { Network } from '../fault/network.js';
import { runCli } from './cli.js';

t.test('an audit that cannot be made says why', async (t) => {
  const network = await Network.start(t);
  const { files } = await network.seat(network.chain.addNode());
  const audit = (...args: readonly string[]) =>
    runCli([
      ...['audit', '--json', ...args, '--model-config-path', files.modelConfigPath],
      ...['--sui-subscriber-path', files.suiSubscriberPath],
      ...['--atoma-sui-client-config-path', files.atomaSuiClientConfigPath],
    ]);
  const [word, backwards, nothing, unread] = await Promise.all([
    audit('--from', 'yesterday'),
    audit('--from', '5', '--to', '4'),
    audit(),
    audit('--from', '0'),
  ]);
  t.match(word, { code: 2, stderr: /--from is "yesterday", wanted a checkpoint's number/ });
  t.match(backwards, { code: 2, stderr: /--to is 4, wanted a checkpoint from --from \(5\) on/ });
  t.match(nothing, { code: 2, stderr: /--from/ });
  t.match(unread, { code: 1, stderr: /there is no journal .*journal\.sqlite.*Check data_dir/ });
  t.equal(unread.stdout, '');
});
