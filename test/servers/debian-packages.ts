import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { execa } from 'execa';

/**
 * Downloads a Debian package with all that this system lacks for it and unpacks them into a folder of ours. The system's
 * package lists, cache and hooks are left alone, and no root is needed. Processes that do this at once do not disturb each
 * other: each unpacks for itself, and moving the folder to its place is atomic, so the first wins.
 * @param folder where it lies at the end
 * @param isWhole whether the folder holds what was wanted, in a state that runs
 * @throws Error of `apt-get` or `dpkg`, or when the packages do not hold what was wanted
 */
export async function unpackDebianPackage(
  name: string,
  folder: string,
  isWhole: (folder: string) => Promise<boolean>,
): Promise<void> {
  await mkdir(path.dirname(folder), { recursive: true });
  const work = await mkdtemp(`${folder}-`);
  const root = path.join(work, 'root');
  try {
    const packages = await unpackInto(root, work, name);
    if (!(await isWhole(root))) throw new Error(`${packages.join(', ') || 'no packages'} do not hold what was wanted`);
    await rename(root, folder).catch(async (error: unknown) => {
      if (!(await isWhole(folder))) throw error;
    });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function unpackInto(root: string, work: string, name: string): Promise<string[]> {
  const configuration = path.join(work, 'apt.conf');
  await mkdir(path.join(work, 'lists/partial'), { recursive: true });
  await mkdir(path.join(work, 'cache/archives/partial'), { recursive: true });
  await writeFile(configuration, aptConfiguration(work));
  const apt = (...args: string[]) =>
    execa('apt-get', ['-c', configuration, ...args], { cwd: work, env: { LC_ALL: 'C' } });

  await apt('update');
  // A simulated installation names exactly what this release of the system lacks.
  const plan = await apt('--simulate', '--no-install-recommends', 'install', name);
  const packages = [...plan.stdout.matchAll(/^Inst (\S+)/gm)].map((match) => match[1]!);
  if (packages.length > 0) await apt('download', ...packages);
  const { stdout } = await execa('find', [work, '-maxdepth', '1', '-name', '*.deb']);
  for (const file of stdout.split('\n').filter(Boolean)) await execa('dpkg', ['-x', file, root]);
  return packages;
}

/** Own lists and cache, none of the system's hooks (some of them empty the system's cache after an update). */
function aptConfiguration(work: string): string {
  return [
    `Dir::State::Lists "${work}/lists";`,
    `Dir::Cache "${work}/cache";`,
    'APT::Sandbox::User "root";',
    'Debug::NoLocking "true";',
    '#clear APT::Update::Pre-Invoke;',
    '#clear APT::Update::Post-Invoke;',
    '#clear APT::Update::Post-Invoke-Success;',
    '#clear DPkg::Post-Invoke;',
    '',
  ].join('\n');
}
