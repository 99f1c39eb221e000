import { BatchyError } from '../errors.ts';
import { isJsonObject, type Json, type JsonObject } from '../json.ts';
import { quoteBriefly } from '../names.ts';
import { isTimeZone } from '../time.ts';
import { headingLine, isKnownHeading } from './heading.ts';

export const parameterFileProfiles = ['batchy', 'powercenter', 'iics'] as const;
export type ParameterFileProfile = (typeof parameterFileProfiles)[number];

const fractions = ['none', 'ms', 'us'] as const;
/** Fraction digits of times in PowerCenter's notation: none, three (`.MS`) or six (`.US`). */
export type TimeFraction = (typeof fractions)[number];

/** How a workflow's parameter file is written: the `_infa` setting beside the jobs of its configuration. */
export interface ParameterFileOptions {
  readonly profile: ParameterFileProfile;
  /** Job to the headings below which its parameters stand; default `[job]`. The profile `batchy` knows only the default. */
  readonly headings?: Readonly<Record<string, string | readonly string[]>>;
  /** IANA zone of the times that `powercenter` and `iics` write; default UTC. */
  readonly timezone?: string;
  /** Default `none`: whole seconds. */
  readonly fraction?: TimeFraction;
}

const settings: ReadonlySet<string> = new Set(['profile', 'headings', 'timezone', 'fraction']);

/**
 * Reads the `_infa` setting; each of its keys may be left out.
 * @param profileOverride the profile that a request asks for, in place of the configured one
 * @throws BatchyError `invalid-configuration` for the setting, `unknown-profile` for the request's profile
 */
export function readParameterFileOptions(infa: Json | null, profileOverride?: string): ParameterFileOptions {
  const setting = readSetting(infa);
  const configured = setting['profile'] ?? null;
  if (configured !== null && !isProfile(configured)) throw unknownProfile(show(configured), '_infa.profile');
  if (profileOverride !== undefined && !isProfile(profileOverride))
    throw unknownProfile(quoteBriefly(profileOverride), 'profile');
  const profile = profileOverride ?? configured ?? 'batchy';
  const headings = readHeadings(setting['headings'] ?? null, configured);
  const timezone = readTimezone(setting['timezone'] ?? null);
  const fraction = readFraction(setting['fraction'] ?? null);
  return {
    profile,
    ...(headings === null ? {} : { headings }),
    ...(timezone === null ? {} : { timezone }),
    ...(fraction === null ? {} : { fraction }),
  };
}

function readSetting(infa: Json | null): JsonObject {
  if (infa === null) return {};
  if (!isJsonObject(infa)) throw invalid('', 'should be a map of profile, headings, timezone and fraction');
  const unknown = Object.keys(infa).filter((key) => !settings.has(key));
  if (unknown.length > 0)
    throw invalid(
      '',
      `has no setting ${unknown.map(quoteBriefly).join(', ')}; it knows profile, headings, timezone and fraction`,
    );
  return infa;
}

function readHeadings(
  value: Json,
  configured: ParameterFileProfile | null,
): Record<string, string | readonly string[]> | null {
  if (value === null) return null;
  if (!isJsonObject(value)) throw invalid('.headings', 'should map a job to its heading');
  return Object.fromEntries(
    Object.entries(value).map(([job, headings]) => [job, readHeading(job, headings, configured)]),
  );
}

/** A heading is checked as generously as the configured profile allows; the cloud's form is refused in a PowerCenter file. */
function readHeading(job: string, value: Json, configured: ParameterFileProfile | null): string | readonly string[] {
  const list = Array.isArray(value) ? (value as readonly Json[]) : [value];
  if (list.length === 0)
    throw invalid('.headings', `names no heading for ${quoteBriefly(job)}; leave the job out for the default`);
  const headings = list.map((heading) => {
    const known =
      typeof heading === 'string' &&
      isKnownHeading(headingLine(heading), configured === 'powercenter' ? 'powercenter' : 'iics');
    if (known) return heading;
    throw invalid(
      '.headings',
      `has ${show(heading)} for ${quoteBriefly(job)}; expected a heading such as Global, folder.WF:wf or folder.WF:wf.ST:session`,
    );
  });
  const repeated = headings.find((heading, index) => headings.indexOf(heading) !== index);
  if (repeated !== undefined)
    throw invalid('.headings', `names ${quoteBriefly(repeated)} twice for ${quoteBriefly(job)}`);
  return Array.isArray(value) ? headings : (headings[0] ?? '');
}

function readTimezone(value: Json): string | null {
  if (value === null) return null;
  if (typeof value === 'string' && isTimeZone(value)) return value;
  throw invalid('.timezone', `is ${show(value)}; expected an IANA zone such as Europe/Berlin`);
}

function readFraction(value: Json): TimeFraction | null {
  if (value === null) return null;
  const known = fractions.find((fraction) => fraction === value);
  if (known !== undefined) return known;
  throw invalid('.fraction', `is ${show(value)}; expected none, ms or us`);
}

function isProfile(value: Json): value is ParameterFileProfile {
  return parameterFileProfiles.some((profile) => profile === value);
}

function unknownProfile(found: string, where: string): BatchyError {
  return new BatchyError(
    'unknown-profile',
    `${where} is ${found}; the profiles of parameter files are ${parameterFileProfiles.join(', ')}.`,
  );
}

function invalid(below: string, problem: string): BatchyError {
  return new BatchyError('invalid-configuration', `_infa${below} ${problem}.`, {
    places: [{ pointer: `/_infa${below.replaceAll('.', '/')}`, detail: problem }],
  });
}

function show(value: Json): string {
  return typeof value === 'object' && value !== null
    ? 'a map, a list or a number'
    : typeof value === 'string'
      ? quoteBriefly(value)
      : String(value);
}
