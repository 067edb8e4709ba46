import { AtomaError } from '../core/index.js';

/** One thing that is wrong with a configuration. */
export interface ConfigProblem {
  /** The file as it was named; undefined for a problem of the command line or between files. */
  readonly file: string | undefined;
  /** 1-based, where it is known. */
  readonly line: number | undefined;
  /** 1-based, for syntax errors. */
  readonly column: number | undefined;
  /** Path of the key, such as `models[0].device`; undefined for a problem of the whole file. */
  readonly key: string | undefined;
  /** What was found and what was wanted. */
  readonly text: string;
}

/** Any number of problems of a configuration, all in the message, one a line. Code `invalid_config`. */
export class ConfigError extends AtomaError {
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly ConfigProblem[]) {
    const title =
      problems.length === 1
        ? 'the configuration has a problem:'
        : `the configuration has ${problems.length} problems:`;
    super('invalid_config', [title, ...problems.map(problemLine)].join('\n  '), { fields: { problems } });
    this.name = 'ConfigError';
    this.problems = problems;
  }
}

/** `file:line:column: key: text`, without the parts that are not known. */
function problemLine({ file, line, column, key, text }: ConfigProblem): string {
  const place = file === undefined ? [] : [file, line, column].filter((part) => part !== undefined);
  return [...(place.length === 0 ? [] : [place.join(':')]), ...(key === undefined ? [] : [key]), text].join(
    ': ',
  );
}

/** A problem that belongs to no file, such as flags that exclude each other. */
export function generalProblem(text: string): ConfigProblem {
  return { file: undefined, line: undefined, column: undefined, key: undefined, text };
}

/** A problem of a file as a whole. */
export function fileProblem(file: string, text: string, line?: number, column?: number): ConfigProblem {
  return { file, line, column, key: undefined, text };
}
