import type { GenerateOptions, GenerateRequest, GenerateResult, NodeApi } from '../node-api.js';
import type { Principal } from './principal.js';

/**
 * Runs a prompt for somebody: within their scopes and their rate, on their account. What fails before it ran costs no
 * tokens; what is cancelled on its way costs those that came out.
 * @throws AtomaError `forbidden`, `unauthorized`, `rate_limited`, and what {@link NodeApi.generate} throws.
 */
export async function meteredGenerate(
  node: NodeApi,
  principal: Principal,
  request: GenerateRequest,
  options: GenerateOptions,
): Promise<GenerateResult> {
  principal.require('generate');
  await principal.admit(request.params.prompt);
  let produced = 0;
  const onProduced = (tokens: number): void => {
    produced = tokens;
  };
  try {
    const result = await node.generate(request, { ...options, onProduced });
    principal.spend(result.completion.inputTokens + result.completion.tokens.length);
    return result;
  } catch (error) {
    principal.spend(produced);
    throw error;
  }
}
