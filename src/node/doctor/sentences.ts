import { messageOf } from '../../core/index.js';

/**
 * The node's errors say what is wrong and then what to do: after a semicolon, in a sentence of its own, or as
 * `: run …`. A list of problems is no such thing: what to do begins with a verb.
 */
const CUT =
  /^(.*?)[;.:] ((?:pool\.|(?:accept|add|ask|check|choose|free|get|give|go|install|make|put|raise|remove|restart|run|set|stop|switch|top|try|use|wait)\b).*)$/is;

/** An error's message in two: what was found, and what to do about it. */
export function sentencesOf(error: unknown): {
  readonly found: string;
  readonly remedy: string | undefined;
} {
  return splitMessage(messageOf(error));
}

/** As {@link sentencesOf}, of a text. */
export function splitMessage(message: string): {
  readonly found: string;
  readonly remedy: string | undefined;
} {
  const [, found, remedy] = CUT.exec(message) ?? [];
  if (found === undefined || remedy === undefined) return { found: message, remedy: undefined };
  return { found, remedy: remedy.replace(/\.$/, '') };
}
