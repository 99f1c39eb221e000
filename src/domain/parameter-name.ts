const namePattern = /^[\p{L}\p{N}_][\p{L}\p{M}\p{N}_.-]*$/u;
/** Characters; as in Spring Batch's table of parameters. */
const longestName = 100;

/** What is wrong with the name of a job's parameter, or `null`. Names become `{{name}}`, columns and environment variables. */
export function parameterNameProblem(name: string): string | null {
  if (name === '') return 'a parameter needs a name';
  if (name.length > longestName) return `the name of a parameter has at most ${longestName} characters`;
  if (!namePattern.test(name))
    return `the name of a parameter has letters, digits, '_', '.' and '-', and begins with a letter, a digit or '_'`;
  // Programs that copy parameters into an object of theirs would change what that object is.
  if (name === '__proto__') return 'no parameter may be called __proto__';
  return null;
}
