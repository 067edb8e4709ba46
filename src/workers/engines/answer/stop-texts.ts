/**
 * Watches the text of an answer for texts that end it. What may be the beginning of one is held back, so that nothing
 * of it is shown; how the text is cut into pieces changes nothing. The answer ends before the stop text that is
 * complete first, of several that are complete at the same character before the longest.
 */
export class StopTexts {
  readonly #stops: readonly string[];
  /** The longest end of the text so far with which a stop text begins. */
  #held = '';
  #found: string | undefined;

  constructor(stops: readonly string[]) {
    this.#stops = stops;
  }

  /** The stop text that ended the answer. */
  get found(): string | undefined {
    return this.#found;
  }

  /**
   * Takes what was written next, in whole characters.
   * @returns the text that is certain to be of the answer, and was not returned before
   */
  push(written: string): string {
    if (written === '' || this.#found !== undefined) return '';
    const text = this.#held + written;
    const first = this.#firstIn(text);
    this.#found = first?.stop;
    const certain = first?.start ?? text.length - this.#beginningAtEnd(text);
    this.#held = first === undefined ? text.slice(certain) : '';
    return text.slice(0, certain);
  }

  /** Takes the last of the text. @returns it with what was held back, up to a stop text */
  end(written: string): string {
    const certain = this.push(written);
    return this.#found === undefined ? certain + this.#held : certain;
  }

  #firstIn(text: string): { readonly start: number; readonly stop: string } | undefined {
    let first: { readonly start: number; readonly stop: string } | undefined;
    let firstEnd = Number.POSITIVE_INFINITY;
    for (const stop of this.#stops) {
      const start = text.indexOf(stop);
      const end = start + stop.length;
      if (start < 0 || end > firstEnd || (end === firstEnd && start > (first?.start ?? 0))) continue;
      first = { start, stop };
      firstEnd = end;
    }
    return first;
  }

  /** Length of the longest end of a text with which a stop text begins. */
  #beginningAtEnd(text: string): number {
    let longest = 0;
    for (const stop of this.#stops) {
      for (let length = Math.min(stop.length - 1, text.length); length > longest; length--) {
        if (text.endsWith(stop.slice(0, length))) longest = length;
      }
    }
    return longest;
  }
}

/**
 * The texts to watch for; undefined where there are none. Half a surrogate pair is U+FFFD in them as in every answer:
 * a text is never cut within a character.
 */
export function stopTexts(stops: readonly string[] = []): StopTexts | undefined {
  const texts = stops.filter((stop) => stop !== '').map((stop) => Buffer.from(stop).toString());
  return texts.length === 0 ? undefined : new StopTexts(texts);
}
