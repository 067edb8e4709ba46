/** Finds where a JSON object or string ends whose text comes in pieces. It does not check it. */
export class JsonEnd {
  #depth = 0;
  #inString = false;
  #isEscaped = false;
  #isNew = true;

  /** No text was taken yet. */
  get isNew(): boolean {
    return this.#isNew;
  }

  /**
   * @param text the next piece, the first one without blanks before the value
   * @returns how much of it belongs to the value, and whether that is its end
   */
  take(text: string): { readonly length: number; readonly ended: boolean } {
    this.#isNew = false;
    for (let index = 0; index < text.length; index++) {
      this.#step(text.charAt(index));
      if (this.#depth === 0 && !this.#inString) return { length: index + 1, ended: true };
    }
    return { length: text.length, ended: false };
  }

  #step(character: string): void {
    if (this.#isEscaped) this.#isEscaped = false;
    else if (this.#inString) {
      if (character === '\\') this.#isEscaped = true;
      else if (character === '"') this.#inString = false;
    } else if (character === '"') this.#inString = true;
    else if (character === '{' || character === '[') this.#depth++;
    else if (character === '}' || character === ']') this.#depth--;
  }
}
