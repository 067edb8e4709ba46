import { AtomaError } from '../../../core/index.js';

/**
 * A schema that the grammar cannot hold an answer to.
 * @param keyword the one that is not taken
 * @param path JSON Pointer of the schema that it stands in, as a URI fragment
 * @param why the end of a sentence
 */
export function grammarUnsupported(keyword: string, path: string, why: string): AtomaError {
  return new AtomaError('grammar_unsupported', `the schema's keyword ${keyword} at ${path} ${why}`, {
    fields: { keyword, path },
  });
}
