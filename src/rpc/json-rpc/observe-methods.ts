import type { CallObserver } from '../../core/index.js';
import type { Method } from './method.js';

/** The same methods; each call of one is told of, and what it begins belongs to it. */
export function observeMethods(
  methods: readonly Method[],
  observer: CallObserver | undefined,
): readonly Method[] {
  return observer === undefined ? methods : methods.map((method) => observed(method, observer));
}

function observed(method: Method, observer: CallObserver): Method {
  return {
    ...method,
    run: async (params, call) => {
      const told = observer.onRpc({ method: method.name });
      try {
        const result = await told.run(() => method.run(params, call));
        told.end({ error: undefined });
        return result;
      } catch (error) {
        told.end({ error });
        throw error;
      }
    },
  };
}
