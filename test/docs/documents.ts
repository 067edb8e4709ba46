import type { OpenRpcDocument } from '#src/rpc/discovery/open-rpc.js';
import { createMethods } from '#src/rpc/methods/index.js';
import { FakeNode } from '../e2e/rpc-fake-node.js';
import { ANYBODY } from '../fixtures/principal.js';
import { errorsMarkdown, methodsMarkdown } from './markdown.js';

/** The documents that are generated, by their paths in the repository. */
export function generatedDocuments(): Readonly<Record<string, string>> {
  const methods = createMethods(new FakeNode(), () => 'http://127.0.0.1:3000');
  const discover = methods.find(({ name }) => name === 'rpc.discover');
  const { signal } = new AbortController();
  const document = discover?.run({}, { signal, streams: undefined, principal: ANYBODY }) as OpenRpcDocument;
  return { 'docs/errors.md': errorsMarkdown(document), 'docs/rpc.md': methodsMarkdown(document) };
}
