import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Diagnosis, DoctorOptions } from '../../../src/api/doctor.ts';

const built = fileURLToPath(new URL('../../../dist/index.js', import.meta.url));

/** The user `nobody` of most systems. */
const OTHER = 65_534;

/** Root may do everything, so it becomes another user once the program is loaded, which may be in a directory of root. */
const script = `
  const { doctor } = await import(process.argv[1]);
  if (process.geteuid() === 0) {
    process.setgroups([]);
    process.setgid(${OTHER});
    process.setuid(${OTHER});
  }
  console.log(JSON.stringify(await doctor(JSON.parse(process.argv[2]))));
`;

/** A doctor in a process of a user who is not root. */
export function examineAsOther(options: Omit<DoctorOptions, 'signal'>): Promise<Diagnosis> {
  const args = ['--input-type=module', '-e', script, built, JSON.stringify(options)];
  return new Promise((resolve, reject) => {
    execFile(process.execPath, args, { cwd: '/' }, (error, stdout, stderr) => {
      if (error !== null || stderr !== '') reject(error ?? new Error(stderr));
      else resolve(JSON.parse(stdout) as Diagnosis);
    });
  });
}
