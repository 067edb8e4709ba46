import { isLocalModel, type ModelConfig } from '../../config/index.js';
import type { ModelStore } from '../../models/index.js';
import { type Check, type Finding, ok } from './check.js';
import { sentencesOf } from './sentences.js';

interface HubCheckOptions {
  readonly models: readonly ModelConfig[];
  readonly hasKey: boolean;
}

const FORMATS = ['gguf', 'onnx'] as const;

/** Whether the hub can be reached, and takes the key. Where every model is here the node can do without. */
export function hubCheck(options: HubCheckOptions, modules: { readonly store: ModelStore }): Check {
  const { store } = modules;
  const remote = options.models.filter(({ modelType }) => !isLocalModel(modelType));
  return {
    area: 'hub',
    name: 'hub',
    run: async (signal) => {
      if (remote.length === 0) return ok('not asked: every model is a path of this machine');
      try {
        return judgeAccount(store.endpoint, options.hasKey, await store.whoAmI(signal));
      } catch (error) {
        const { found, remedy = 'check HF_ENDPOINT, HTTPS_PROXY and api_key' } = sentencesOf(error);
        const isNeeded = (await missing(remote, store)).length > 0;
        return { status: isNeeded ? 'fail' : 'warn', found, remedy };
      }
    },
  };
}

function judgeAccount(endpoint: string, hasKey: boolean, account: string | undefined): Finding {
  const key = hasKey ? `the key is that of ${account}` : 'without api_key, public models only';
  return ok(`${endpoint} answers; ${key}`);
}

/** Models of which something has to be downloaded, or whose names say nothing. */
async function missing(models: readonly ModelConfig[], store: ModelStore): Promise<readonly ModelConfig[]> {
  const here = await Promise.all(models.map((model) => store.find(model, FORMATS).catch(() => undefined)));
  return models.filter((_, index) => here[index] === undefined);
}
