/* Kinds of file systems, by the names that Linux gives them. */

const NETWORK =
  /^(nfs\d?|cifs|smb\d?|smbfs|9p|ceph|glusterfs|lustre|afs|ocfs2|gfs2|fuse\.(sshfs|glusterfs|ceph.*|s3fs|rclone|gcsfuse))$/;

/** Memory: gone after a restart of the machine. */
const MEMORY = /^(tmpfs|ramfs|rootfs)$/;

/** The layers of a container: gone with it. */
const LAYERS = /^(overlay|overlayfs|aufs|fuse\.fuse-overlayfs)$/;

/** What the system shows of itself: nobody can make files there. */
const NO_DISK =
  /^(proc|sysfs|cgroup2?|devpts|devtmpfs|debugfs|tracefs|securityfs|bpf|mqueue|pstore|configfs|squashfs|iso9660|erofs)$/;

export function isNoDisk(type: string): boolean {
  return NO_DISK.test(type);
}

export function isNetworkDisk(type: string): boolean {
  return NETWORK.test(type);
}

export function isMemoryDisk(type: string): boolean {
  return MEMORY.test(type);
}

export function isContainerLayer(type: string): boolean {
  return LAYERS.test(type);
}

/** Whether two files can share their blocks there; `unknown` where it depends on how the file system was made. */
export function knowsReflinks(type: string): 'yes' | 'no' | 'unknown' {
  if (/^(btrfs|bcachefs|apfs)$/.test(type)) return 'yes';
  return /^(ext[234]|tmpfs|ramfs|vfat|exfat|ntfs3?|fuseblk|f2fs|jfs)$/.test(type) ? 'no' : 'unknown';
}
