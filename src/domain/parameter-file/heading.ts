/**
 * The headings that Informatica knows.
 *
 * PowerCenter: "Parameter File Sections" in the Advanced Workflow Guide (10.x): `Global`, `Service:service`,
 * `Service:service.ND:node`, `folder.WF:workflow`, then any number of `.WT:worklet`, then `.ST:session`, the short forms
 * `folder.session` and `session`. The period qualifies, so that no name may hold one ("Parameter File Structure").
 * Cloud: "Parameter file requirements" in the Cloud Data Integration help: `[Global]`, `[project].[folder].[asset]`,
 * `[project].[asset]`, below a first line `#USE_SECTIONS`; PowerCenter tasks read PowerCenter's headings there.
 */
const name = String.raw`[^.\[\]:=]+`;
const powercenterHeading = new RegExp(
  `^(?:Global|Service:${name}(?:\\.ND:${name})?|${name}\\.WF:${name}(?:\\.WT:${name})*(?:\\.ST:${name})?|(?:${name}\\.)?${name})$`,
);
const cloudHeading = new RegExp(`^\\[${name}\\](?:\\.\\[${name}\\]){1,3}$`);

/** What a line break or another control character is, to a format that has no quoting: every program's idea of one. */
// eslint-disable-next-line no-control-regex -- control characters are exactly what is looked for
export const controlCharacter = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/;

/** Whether `line` (with its brackets) is a heading of that dialect. A name may not begin or end with a space. */
export function isKnownHeading(line: string, dialect: 'powercenter' | 'iics'): boolean {
  if (controlCharacter.test(line) || /(?:^|[.:[])\s|\s(?:$|[.:\]])/.test(line)) return false;
  if (dialect === 'iics' && cloudHeading.test(line)) return true;
  return line.startsWith('[') && line.endsWith(']') && powercenterHeading.test(line.slice(1, -1));
}

/** A configured heading with its brackets: `Global` and `[Global]` are the same setting. */
export function headingLine(heading: string): string {
  return heading.startsWith('[') ? heading : `[${heading}]`;
}
