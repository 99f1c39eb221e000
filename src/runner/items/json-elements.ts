import { Tokenizer, TokenType } from '@streamparser/json';

/** Where an element of the array lies in the file, from the first offset to (not including) the second. */
export interface ElementPlace {
  readonly from: number;
  readonly to: number;
}

/**
 * Finds the elements of a JSON array in the bytes that it is given, whatever their borders. It looks at tokens only: what is
 * between two commas may be no JSON, but what is behind the next comma is an element again.
 */
export class JsonElements {
  readonly #tokenizer = new Tokenizer();
  #found: ElementPlace[] = [];
  /** How many brackets are open; the array's own is 1. */
  #depth: number;
  /** Where the element that is looked at begins; `null` where a comma or the closing bracket has to come. */
  #elementFrom: number | null = null;
  /** Whether the element that is looked at may be missing: `[ ]`. */
  #mayBeMissing = false;
  #ended = false;

  /**
   * @param start the offset of the first byte to come
   * @param isBegun whether that is within the array, at the comma or bracket behind an element, rather than before it all
   */
  constructor(start: number, isBegun: boolean) {
    this.#depth = isBegun ? 1 : 0;
    this.#tokenizer.onToken = ({ token, offset }) => this.#take(token, start + offset);
  }

  /** Whether the array's closing bracket has been seen. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Where the element begins whose end has not been seen; `null` between two. */
  get elementFrom(): number | null {
    return this.#elementFrom;
  }

  /** @returns the elements that end within these bytes, and what is wrong behind them */
  write(bytes: Buffer): { places: ElementPlace[]; problem: Error | null } {
    this.#found = [];
    let problem: Error | null = null;
    try {
      this.#tokenizer.write(bytes);
    } catch (error) {
      problem = error as Error;
    }
    return { places: this.#found, problem };
  }

  #take(token: TokenType, offset: number): void {
    if (this.#ended) throw new Error('There is more behind the end of the array.');
    if (this.#depth === 0) {
      if (token !== TokenType.LEFT_BRACKET) throw new Error('It is no JSON array: it does not begin with [.');
      this.#depth = 1;
      this.#elementFrom = offset + 1;
      this.#mayBeMissing = true;
      return;
    }
    if (token === TokenType.LEFT_BRACE || token === TokenType.LEFT_BRACKET) this.#depth++;
    if (token === TokenType.RIGHT_BRACE || token === TokenType.RIGHT_BRACKET) this.#depth--;
    const isEnd = this.#depth === 0;
    if (isEnd && token === TokenType.RIGHT_BRACE) throw new Error('A } closes the array.');
    if (isEnd || (this.#depth === 1 && token === TokenType.COMMA)) {
      const isMissing = isEnd && this.#mayBeMissing;
      if (this.#elementFrom !== null && !isMissing) this.#found.push({ from: this.#elementFrom, to: offset });
      this.#elementFrom = offset + 1;
      this.#ended = isEnd;
    } else if (this.#elementFrom === null) {
      throw new Error('There is no comma behind the element before.');
    }
    this.#mayBeMissing = false;
  }
}
