import type { Wallet } from '../../chain/index.js';
import { type Check, needed, ok } from './check.js';
import { splitMessage } from './sentences.js';

const AREA = 'wallet';

/** Checks of the Sui CLI's wallet; keys are never shown. */
export function walletChecks(configPath: string, wallet: () => Promise<Wallet>): readonly Check[] {
  return [
    {
      area: AREA,
      name: 'address',
      remedy: `check config_path and ${configPath}`,
      run: async () => ok(`${(await wallet()).address}, its key is in the keystore`),
    },
    {
      area: AREA,
      name: 'keystore',
      run: async () => {
        const { warnings } = await needed(wallet(), 'the wallet cannot be read');
        if (warnings.length === 0) return ok('for its owner alone');
        const said = warnings.map(splitMessage);
        const remedies = said.flatMap(({ remedy }) => remedy ?? []);
        return {
          status: 'warn',
          found: said.map(({ found }) => found).join('; '),
          remedy: remedies.length === 0 ? `correct ${configPath}` : remedies.join('; '),
        };
      },
    },
  ];
}
