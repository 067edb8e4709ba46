import { LlamaGrammarEvaluationState, type LlamaModel } from 'node-llama-cpp';
import { AtomaError, messageOf, type RequestExtras } from '../../../core/index.js';
import { jsonObjectGrammar } from '../grammar/json-rules.js';
import { schemaGrammar } from '../grammar/schema-grammar.js';

/**
 * Holds one answer to a grammar; where that is complete, only tokens that end an answer are left.
 * @throws AtomaError `grammar_unsupported`
 */
export async function grammarState(
  grammar: NonNullable<RequestExtras['grammar']>,
  model: LlamaModel,
): Promise<LlamaGrammarEvaluationState> {
  const text = grammar.kind === 'json_object' ? jsonObjectGrammar() : schemaGrammar(grammar.schema);
  try {
    return new LlamaGrammarEvaluationState({
      model,
      grammar: await model.llama.createGrammar({ grammar: text }),
    });
  } catch (error) {
    const problem = `llama.cpp takes no grammar of this schema: ${messageOf(error)}`;
    throw new AtomaError('grammar_unsupported', problem, { cause: error });
  }
}
