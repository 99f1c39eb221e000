import { DateTime } from 'luxon';

/** What the commands that PyRunner writes into every new profile ask for. Where it is not given, they are refused like all others. */
export interface ProfileSurroundings {
  /** The folder above the one in which the profile lies. */
  readonly rootFolder?: string;
  /** Epoch milliseconds, told in the zone of this process. */
  readonly now?: number;
}

/** `$(cd $(dirname ${BASH_SOURCE})/..; pwd)`, quoted or not. */
const rootIdiom =
  /^\$\(\s*cd "?\$\(\s*dirname "?\$(?:BASH_SOURCE|\{BASH_SOURCE(?:\[0\])?\})"?\s*\)\/\.\."?\s*(?:;|&&)\s*pwd\s*\)/;
/** `$(date +"%Y-%m-%d")`. */
const dateIdiom = /^\$\(\s*date\s+\+(?:"([^"$`\\]*)"|'([^']*)'|([^\s"'$`\\;|&()]*))\s*\)/;
/** `if [ ! -e ${APP_LOG_DIR} ]; then mkdir -p ${APP_LOG_DIR}; fi`. */
const folderIdiom =
  /^if \[ ! -[ed] +("?\$(?:[A-Za-z_]\w*|\{[A-Za-z_]\w*\})"?) +\]; *then +mkdir +(?:-p +)?\1 *; *fi *;?$/;

const luxonFormats: Readonly<Record<string, string>> = {
  Y: 'yyyy',
  y: 'yy',
  m: 'MM',
  d: 'dd',
  H: 'HH',
  M: 'mm',
  S: 'ss',
  j: 'ooo',
};

/** Whether a line makes a folder, which need not be done here: folders are made when something is written into them. */
export function isFolderMaking(line: string): boolean {
  return folderIdiom.test(line);
}

/** The value of a command that `text` begins with, and how long that is; `null` where it is not known without executing it. */
export function substitutionOf(
  text: string,
  { rootFolder, now }: ProfileSurroundings,
): { readonly value: string; readonly length: number } | null {
  const [root] = rootIdiom.exec(text) ?? [];
  if (root !== undefined && rootFolder !== undefined) return { value: rootFolder, length: root.length };
  const [date, ...formats] = dateIdiom.exec(text) ?? [];
  const format = formats.find((each) => each !== undefined);
  if (date === undefined || format === undefined || now === undefined) return null;
  const value = formattedDate(format, now);
  return value === null ? null : { value, length: date.length };
}

/** `null` where the format holds something else than years to seconds. */
function formattedDate(format: string, now: number): string | null {
  const signs = format.match(/%./g) ?? [];
  if (signs.some((sign) => !Object.hasOwn(luxonFormats, sign.charAt(1)))) return null;
  const time = DateTime.fromMillis(now);
  return format.replaceAll(/%(.)/g, (_all, sign: string) => time.toFormat(luxonFormats[sign] ?? ''));
}
