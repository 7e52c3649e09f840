import { describePermissions } from './file-permissions.ts';

/* What to do when the operating system refuses something: one sentence per cause, since one text for all causes helps nobody. */

const fileRemedies: Readonly<Record<string, string>> = {
  ENOENT:
    'Something in this path does not exist, or was removed meanwhile. Correct the path, or create what is missing.',
  ENOTDIR: 'A part of this path is a file where a directory is needed. Correct the path, or move that file away.',
  EISDIR: 'This is a directory where a file is needed. Correct the path, or move the directory away.',
  EEXIST: 'Something with this name is there already. Choose another name, or move it away.',
  ENOTEMPTY:
    'The directory is not empty: something was put into it meanwhile. Look what it is, then run the command again.',
  ENAMETOOLONG: 'The path is longer than the file system allows. Choose a shorter one.',
  ELOOP: 'The path goes through too many symbolic links, or they lead back to themselves. Correct the links.',
  EXDEV: 'The two places are on different file systems. Put both on one.',
  EBUSY:
    'It is a mount point, or another program has it. Use a directory inside of a mount point, or end the other program.',
  ETXTBSY: 'Another program is running this file. End it, then run the command again.',
  EINVAL: 'The file system does not support this, or this kind of file. Use a directory on an ordinary local disk.',
  ENOTSUP: 'The file system does not support this. Use a directory on an ordinary local disk.',
  ENOSYS: 'The system does not support this. Use a directory on an ordinary local disk.',
  ENXIO: 'This is no ordinary file. Correct the path.',
  ENODEV: 'This is no ordinary file, or its device is gone. Correct the path, or connect the device.',
  EROFS: 'The file system is mounted read-only. Choose a directory on another one, or mount it for writing.',
  ENOSPC: 'The disk is full, or has no room for more files (df, df -i). Free space there, then run the command again.',
  EDQUOT:
    'The quota of this user on this disk is used up. Free space, or have the quota raised, then run the command again.',
  EFBIG:
    'The file would become larger than the file system or a limit (ulimit -f) allows. Raise the limit, or use another disk.',
  EMFILE: 'This process may open no more files. Raise its limit (ulimit -n), then run the command again.',
  ENFILE:
    'The whole machine can open no more files. End what opens so many, or raise fs.file-max, then run the command again.',
  ENOMEM: 'The machine has no memory left. End other programs or add memory, then run the command again.',
  EIO: 'The disk or its connection is failing. Look into the log of the system (dmesg) and check the disk before anything else.',
  ESTALE: 'The network file system lost this file. Mount it again, then run the command again.',
  ETIMEDOUT: 'The network file system does not answer. Check its server, then run the command again.',
  EAGAIN: 'The system is short of something at the moment. Run the command again.',
  ENOLCK: 'The file system cannot lock files. Use a directory on an ordinary local disk.',
};

/** The hint for a system error on a file; undefined if its code is not known. For permission errors it looks at the path. */
export function remedyForFile(code: string | undefined, path: string): string | undefined {
  if (code === 'EACCES' || code === 'EPERM') return remedyForPermissions(path);
  return code === undefined ? undefined : fileRemedies[code];
}

/** Names the owner of the file and the user to run the command as. */
function remedyForPermissions(path: string): string {
  const remedy = 'Run the command as a user that may, or change the permissions.';
  const why = describePermissions(path);
  return why === undefined ? remedy : `${why} ${remedy}`;
}
