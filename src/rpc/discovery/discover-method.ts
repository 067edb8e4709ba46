import { z } from 'zod';
import { defineMethod, type Method } from '../json-rpc/method.js';
import { anyObject } from '../wire/schema.js';
import { describeServer, type OpenRpcDocument } from './open-rpc.js';

/** `rpc.discover`: https://spec.open-rpc.org/#service-discovery-method */
export function discoverMethod(
  methods: readonly Method[],
  server: { readonly version: () => string; readonly url: () => string },
): Method {
  let document: OpenRpcDocument | undefined;
  const discover: Method = defineMethod({
    name: 'rpc.discover',
    scopes: ['read', 'generate'],
    docs: { summary: 'This document: what the server has, as OpenRPC says it', errors: [] },
    params: z.strictObject({}),
    result: anyObject.describe('An OpenRPC document.'),
    run: () => {
      const { version, url } = server;
      document ??= describeServer([...methods, discover], { version: version(), url: url() });
      return { ...document };
    },
  });
  return discover;
}
