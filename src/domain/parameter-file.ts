import { BatchyError } from './errors.ts';
import { type Json, numberSource, stringifyJson } from './json.ts';
import { quoteBriefly } from './names.ts';
import { controlCharacter, headingLine, isKnownHeading } from './parameter-file/heading.ts';
import type { ParameterFileOptions, TimeFraction } from './parameter-file/options.ts';
import { pythonDatetime, pythonStr } from './parameter-file/python-text.ts';
import { certainInstant, type Outwards, wallClock } from './parameter-file/wall-clock.ts';
import { escapePointer } from './special-parameters.ts';
import { type Instant, nanosecondsPerSecond, parseInstant, splitInstant } from './time.ts';

export {
  type ParameterFileOptions,
  type ParameterFileProfile,
  parameterFileProfiles,
  readParameterFileOptions,
  type TimeFraction,
} from './parameter-file/options.ts';

type JobParameters = ReadonlyMap<string, Json>;

/**
 * The Informatica parameter file of these jobs, in their order.
 *
 * The format has neither quoting nor escapes, and spaces count ("Parameter File Structure", PowerCenter Advanced Workflow
 * Guide): a value that would break it is refused, never changed.
 * @throws BatchyError `not-renderable` naming job and parameter
 */
export function renderParameterFile(jobs: ReadonlyMap<string, JobParameters>, options: ParameterFileOptions): string {
  return options.profile === 'batchy' ? renderAsBatchy(jobs) : renderForInformatica(jobs, options, options.profile);
}

// ---- the known program's file ----------------------------------------------------------------------------------------

/** Byte for byte what the program that teams know writes: an empty line before each heading, `$$` before each name. */
function renderAsBatchy(jobs: ReadonlyMap<string, JobParameters>): string {
  let file = '';
  for (const [job, parameters] of jobs) {
    checkHeadingText(job);
    file += `\n[${job}]\n`;
    for (const [name, value] of parameters) {
      checkName(job, name);
      file += `$$${name}=${checkedText(job, name, batchyText(job, name, value, parameters))}\n`;
    }
  }
  return file;
}

function batchyText(job: string, name: string, value: Json, parameters: JobParameters): string {
  const outwards = roundingOfTime(name, parameters);
  if (outwards === null || value === null) return pythonStr(value);
  return pythonDatetime(certainInstant(readTime(job, name, value), 'UTC', 1000n, outwards));
}

// ---- PowerCenter and its cloud ---------------------------------------------------------------------------------------

interface Line {
  readonly job: string;
  readonly name: string;
  readonly text: string;
}

/**
 * A heading appears once, whatever the number of jobs below it, and so does a name below a heading. Names count without
 * regard to case, as Informatica reads them ("Guidelines for Creating Parameter Files"). Jobs that share a heading may
 * say the same thing (`batch_id` of one batch), which is then written once; two different values are refused.
 */
function renderForInformatica(
  jobs: ReadonlyMap<string, JobParameters>,
  options: ParameterFileOptions,
  profile: 'powercenter' | 'iics',
): string {
  const sections = new Map<string, Map<string, Line>>();
  for (const [job, parameters] of jobs) {
    const lines = [...parameters].map(([name, value]) => informaticaLine(job, name, value, parameters, options));
    for (const heading of headingsOf(job, options, profile)) {
      const section = sections.get(heading) ?? new Map<string, Line>();
      sections.set(heading, section);
      for (const line of lines) addLine(section, heading, line);
    }
  }
  const blocks = [...sections].map(([heading, lines]) =>
    [heading, ...[...lines.values()].map(({ name, text }) => `${name}=${text}`), ''].join('\n'),
  );
  return `${profile === 'iics' ? '#USE_SECTIONS\n' : ''}${blocks.join('\n')}`;
}

function headingsOf(job: string, options: ParameterFileOptions, profile: 'powercenter' | 'iics'): string[] {
  const configured = Object.hasOwn(options.headings ?? {}, job) ? options.headings?.[job] : undefined;
  if (configured === undefined) {
    checkHeadingText(job);
    if (/[.:]/.test(job))
      throw notRenderable(
        job,
        null,
        `its name as a heading would be read as folder and session; name its heading in _infa.headings`,
      );
    if (!isKnownHeading(`[${job}]`, profile))
      throw notRenderable(job, null, 'its name cannot be a heading; name its heading in _infa.headings');
    return [`[${job}]`];
  }
  const headings = (typeof configured === 'string' ? [configured] : configured).map(headingLine);
  const unknown = headings.find((heading) => !isKnownHeading(heading, profile));
  if (unknown !== undefined)
    throw notRenderable(job, null, `its heading ${quoteBriefly(unknown)} is none that the profile ${profile} has`);
  return headings;
}

function addLine(section: Map<string, Line>, heading: string, line: Line): void {
  const key = line.name.toLowerCase();
  const other = section.get(key);
  if (other === undefined) section.set(key, line);
  else if (other.text !== line.text) {
    const where = other.job === line.job ? 'the same job' : `the job ${quoteBriefly(other.job)}`;
    throw notRenderable(
      line.job,
      line.name,
      `${where} has another value for that name below ${heading}, where a name can stand only once`,
    );
  }
}

function informaticaLine(
  job: string,
  name: string,
  value: Json,
  parameters: JobParameters,
  options: ParameterFileOptions,
): Line {
  checkName(job, name);
  const text = checkedText(job, name, informaticaText(job, name, value, parameters, options));
  // "Null Values" in the same guide: this text means null.
  if (text === '<null>') throw notRenderable(job, name, 'Informatica reads the text <null> as null');
  return { job, name: name.startsWith('$') ? name : `$$${name}`, text };
}

function informaticaText(
  job: string,
  name: string,
  value: Json,
  parameters: JobParameters,
  options: ParameterFileOptions,
): string {
  if (value === null) return '';
  const outwards = roundingOfTime(name, parameters);
  if (outwards !== null) return informaticaTime(job, name, readTime(job, name, value), outwards, options);
  if (typeof value === 'string') return value;
  return numberSource(value) ?? escapeUnprintable(stringifyJson(value));
}

const units: Readonly<Record<TimeFraction, { readonly unit: bigint; readonly digits: number }>> = {
  none: { unit: nanosecondsPerSecond, digits: 0 },
  ms: { unit: 1_000_000n, digits: 3 },
  us: { unit: 1000n, digits: 6 },
};

/** `MM/DD/YYYY HH24:MI:SS`, with `.MS` or `.US`: local time, which has no offset, rounded outwards. */
function informaticaTime(
  job: string,
  name: string,
  instant: Instant,
  outwards: Outwards,
  options: ParameterFileOptions,
): string {
  const { unit, digits } = units[options.fraction ?? 'none'];
  const zone = options.timezone ?? 'UTC';
  const { milliseconds, nanoseconds } = splitInstant(certainInstant(instant, zone, unit, outwards));
  const local = new Date(wallClock(milliseconds, zone));
  const year = local.getUTCFullYear();
  if (year < 1 || year > 9999) throw notRenderable(job, name, `its local time in ${zone} has no year of four digits`);
  const [month, day, hour, minute, second] = [
    local.getUTCMonth() + 1,
    local.getUTCDate(),
    local.getUTCHours(),
    local.getUTCMinutes(),
    local.getUTCSeconds(),
  ].map((part) => String(part).padStart(2, '0'));
  const fraction =
    `${String(local.getUTCMilliseconds()).padStart(3, '0')}${String(nanoseconds).padStart(6, '0')}`.slice(0, digits);
  return `${month}/${day}/${String(year).padStart(4, '0')} ${hour}:${minute}:${second}${fraction === '' ? '' : `.${fraction}`}`;
}

/** Compact JSON in which no character could be taken for a line break or vanish: JSON can say each of them in ASCII. */
function escapeUnprintable(json: string): string {
  return json.replaceAll(
    /[\u007f-\u009f\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

// ---- shared ----------------------------------------------------------------------------------------------------------

/**
 * How one of the four special times is rounded where the format is coarser, or `null` for any other parameter.
 * `batch_start` is the end of the window of a job that does not emit `to_date`: rounded down, the rows of its last
 * fraction would be loaded neither by this batch nor by the next.
 */
function roundingOfTime(name: string, parameters: JobParameters): Outwards | null {
  if (name === 'from_date') return 'down';
  if (name === 'batch_start' || name === 'batch_end') return 'up';
  return name === 'to_date' && parameters.get('emit_to_date') === true ? 'up' : null;
}

function readTime(job: string, name: string, value: Json): Instant {
  const instant = typeof value === 'string' ? parseInstant(value) : null;
  if (instant === null)
    throw notRenderable(job, name, 'it is no time that can be read, such as 2026-11-21T21:53:34.230000');
  return instant;
}

function checkHeadingText(job: string): void {
  if (job === '' || /[[\]]/.test(job) || controlCharacter.test(job) || !job.isWellFormed()) {
    throw notRenderable(
      job,
      null,
      'a heading may not be empty nor hold a bracket, a line break or a control character',
    );
  }
}

function checkName(job: string, name: string): void {
  if (name === '') throw notRenderable(job, name, 'it has no name');
  if (/[=[]/.test(name)) throw notRenderable(job, name, "a name may not hold '=' or '['");
  if (controlCharacter.test(name))
    throw notRenderable(job, name, 'a name may not hold a line break or a control character');
  if (!name.isWellFormed()) throw notRenderable(job, name, 'its name is no valid Unicode');
}

function checkedText(job: string, name: string, text: string): string {
  if (controlCharacter.test(text))
    throw notRenderable(job, name, 'its value holds a line break or a control character, which the format cannot say');
  if (!text.isWellFormed()) throw notRenderable(job, name, 'its value is no valid Unicode');
  return text;
}

function notRenderable(job: string, name: string | null, problem: string): BatchyError {
  const what =
    name === null
      ? `the job ${quoteBriefly(job)}`
      : `the parameter ${quoteBriefly(name)} of the job ${quoteBriefly(job)}`;
  const pointer = `/${escapePointer(job)}${name === null ? '' : `/${escapePointer(name)}`}`;
  return new BatchyError(
    'not-renderable',
    `No parameter file can be written: ${what}: ${problem}. Nothing was changed.`,
    {
      places: [{ pointer, detail: problem }],
      facts: { job, ...(name === null ? {} : { parameter: name }) },
    },
  );
}
