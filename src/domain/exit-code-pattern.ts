/**
 * Whether a text fits a pattern in which `*` stands for any text, none included, and `?` for one character. The rule and its two
 * signs are Spring Batch's (`on("…")` of a flow). Never slower than the product of both lengths, whatever the pattern.
 */
export function matchesPattern(pattern: string, text: string): boolean {
  const signs = Array.from(pattern);
  const characters = Array.from(text);
  let sign = 0;
  let character = 0;
  /** Where to try again with one more character given to the last `*`; -1: there was none. */
  let star = -1;
  let givenToStar = 0;
  while (character < characters.length) {
    if (signs[sign] === '*') {
      star = sign;
      givenToStar = character;
      sign += 1;
    } else if (sign < signs.length && (signs[sign] === '?' || signs[sign] === characters[character])) {
      sign += 1;
      character += 1;
    } else if (star !== -1) {
      givenToStar += 1;
      character = givenToStar;
      sign = star + 1;
    } else {
      return false;
    }
  }
  while (signs[sign] === '*') sign += 1;
  return sign === signs.length;
}
