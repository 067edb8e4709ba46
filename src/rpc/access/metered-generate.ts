import type { GenerateOptions, GenerateRequest, GenerateResult, NodeApi } from '../node-api.js';
import type { Principal } from './principal.js';

/**
 * Runs a prompt for somebody: within their scopes and their rate, on their account.
 * @throws AtomaError `forbidden`, `unauthorized`, `rate_limited`, and what {@link NodeApi.generate} throws.
 */
export async function meteredGenerate(
  node: NodeApi,
  principal: Principal,
  request: GenerateRequest,
  options: GenerateOptions,
): Promise<GenerateResult> {
  principal.require('generate');
  principal.admit();
  const result = await node.generate(request, options);
  principal.spend(result.completion.inputTokens + result.completion.tokens.length);
  return result;
}
