/**
 * Every error code of graphkeep, with a hint that tells the user what to do next. Codes are stable: scripts may match them. Add new codes
 * only here; keep the groups and the order within each group.
 */
export const errorCodes = {
  // files and directories
  'file.truncated': 'The file ends too early. It is damaged or was copied incompletely; use another copy.',
  'file.corrupt': 'The file does not hold what its format requires. Use another copy.',
  'file.io': 'Check the path and the file system it is on, then run the command again.',
  'directory.in-use':
    'Another process works in this directory. Wait until it has finished, then run the command again.',
  'directory.foreign':
    'Look at what it is and who made it, then move it away, or choose another name, and run the command again.',
  // stores
  'store.format': 'This store format is not supported by this version of graphkeep.',
  'store.missing-file':
    'The store is incomplete. Of a backup, make a new full one; of a database, find the file or restore a backup.',
  'store.needs-recovery':
    'The store was not shut down cleanly. Run graphkeep recover on its directory, or start and stop the database.',
  'store.corrupt':
    'The store is damaged. Of a backup, make a new full one; of a database, restore its last sound backup.',
  // transaction logs
  'log.corrupt':
    'The transaction log is damaged at this place. Of a backup, make a new full one; of a database, restore its last sound backup.',
  'log.gap':
    'Transactions are missing from the log. Of a backup, make a new full one; of a database, find its older log files or restore a backup.',
  'log.no-check-point':
    'The log has no check point to recover from. Of a backup, make a new full one; of a database, find its older log files or restore a backup.',
  // peers
  'peer.unreachable':
    'Check that the server runs, that dbms.backup.enabled is true and that --from names its dbms.backup.address.',
  'peer.timeout': 'The server was silent for too long. It may be writing a check point; try again or raise --timeout.',
  'peer.closed':
    'The connection ended before the answer was complete. Look into the log of the server, then run the command again.',
  'peer.protocol': 'The peer does not speak the expected protocol. Check --from and --protocol.',
  'peer.hostile': 'The peer sent something that no Neo4j server sends. Check that --from names the right server.',
  'peer.failure': 'The server reported a failure. Look into its log.',
  'peer.history-pruned':
    'The server has removed the transactions that this backup needs. Make a full backup, or raise dbms.tx_log.rotation.retention_policy on the server.',
  'peer.other-store': 'The backup belongs to another database. Choose another --name, or allow --fallback-to-full.',
  'peer.behind':
    'The server is older than this backup; was it restored? Choose another --name, or allow --fallback-to-full.',
  'peer.diverged':
    'The history of the server is not the one of this backup; was it restored? Choose another --name, or allow --fallback-to-full.',
  // encrypted connections
  'tls.plaintext-peer':
    'The peer does not use TLS here. Check the address, and that dbms.backup.ssl_policy is set on both sides or on neither.',
  'tls.closed': 'Look into the log of the peer: it often says that it does not accept the certificate of this machine.',
  'tls.timeout': 'The peer did not answer. Check that dbms.backup.ssl_policy is set on both sides or on neither.',
  'tls.certificate-expired': 'Give the peer a new certificate, or correct the clock of this machine.',
  'tls.certificate-not-yet-valid': 'Correct the clock of this machine or the one on which the certificate was made.',
  'tls.unknown-issuer':
    'Put the certificate of the peer, or the one of its issuer, into the trusted_dir of the policy on this machine.',
  'tls.certificate-revoked': 'Its issuer has revoked the certificate of the peer: give the peer a new one.',
  'tls.revocation-unknown':
    'Put a current list of every issuer into the revoked_dir of the policy on this machine, or remove all lists from it.',
  'tls.certificate-refused': 'Give the peer a certificate that is made for this use.',
  'tls.no-client-certificate':
    'Give the client a policy with a key and a certificate, or set client_auth of the policy on this machine to NONE.',
  'tls.host-name':
    'Use a name for --from that the certificate holds, give the server a certificate for this name, or set verify_hostname of the policy to false.',
  'tls.no-common-version': 'Give both sides a common version with tls_versions of their policies.',
  'tls.no-common-cipher':
    'Give both sides a common cipher suite with ciphers of their policies, one that suits the key of the server.',
  'tls.refused-by-peer':
    'The peer does not accept the certificate of this machine. Put it, or the one of its issuer, into the trusted_dir of the policy there.',
  'tls.failed': 'Compare the TLS policies of both sides, and look into the log of the peer.',
  // serving backups
  'serve.address': 'Choose another address with --listen or dbms.backup.address.',
  'serve.too-many-clients': 'Wait until a client has ended, or raise graphkeep.serve.max_connections.',
  'serve.history-pruned':
    'The transactions that were asked for are in no log any more. Make a full backup, or raise dbms.tx_log.rotation.retention_policy.',
  'serve.changed':
    'The files changed while they were served. End whatever works in the directory, then make the backup again.',
  'serve.other-store':
    'The client has a backup of another database, or of this one before an upgrade. It needs a full backup.',
  'serve.behind': 'The client asks for a newer check point than there is. One was begun; the client tries again.',
  'serve.unavailable':
    'There is no database to serve now. Look at its directory and into the log of its server; the listener goes on, so ask again later.',
  'serve.unsettled':
    'Raise dbms.checkpoint.interval.time of the server, or put graphkeep.serve.spool_directory on a faster disk, then make the backup again.',
  'serve.no-file': 'The client asked for a file that the store does not have. Look into its output.',
  'serve.client-lost': 'The client went away before its answer was complete. Look into its output.',
  'serve.client-slow':
    'The client took too long and was cut off. Look for a slow disk or network there, or raise the limit (graphkeep.serve.*).',
  // the embedded database
  'embedded.conflict': 'Another transaction changed what this one has read or changed. Run the transaction again.',
  'embedded.constraint': 'The change would break a rule of the graph. Correct the transaction.',
  'embedded.missing':
    'The transaction changes something that does not exist. Read it again, then correct the transaction.',
  'embedded.full': 'The store format has no room for more. Split the graph.',
  'embedded.failed': 'A write to the disk failed. Look for its cause, then open the database again: it recovers.',
  'embedded.closed': 'The database or the transaction has ended. Open or begin another one.',
  'embedded.explicit-indexes':
    'Only a server can bring explicit indexes up to date. Start and stop the server on this database, then open it again.',
  'embedded.not-empty': 'Choose an empty directory, or one that holds a database.',
  // databases, backups and archives on this machine
  'database.missing': 'Check --database and dbms.directories.data.',
  'database.exists': 'Choose another --database, or replace the old one with --force.',
  'database.quarantined':
    'Read the marker file and the log of the server for the reason. Back it up once the database is online again.',
  'backup.missing': 'Check the path of the backup.',
  'backup.left-out':
    'The notes say what stopped the others. Mend that, then run the command again: it adds what they lack.',
  'backup.invalid': 'The directory must be a finished backup: it holds a file neostore.',
  'archive.missing': 'Check the path of the archive.',
  'archive.exists': 'Choose another file; an archive is never overwritten.',
  'archive.invalid': 'The archive must have been made by the dump command and be complete.',
  // repositories, their objects and keys
  'repository.missing': 'Correct --repo, or make a repository there with graphkeep repo init.',
  'repository.exists': 'Use it as it is, or choose another place for a new one.',
  'repository.foreign':
    'A repository needs a place of its own: choose an empty folder, or another prefix in the bucket.',
  'repository.in-use': 'Wait until the other run has ended, then run the command again.',
  'repository.no-backup': 'Make a backup first, or correct --repo and --database; graphkeep info shows what there is.',
  'repository.not-reached': 'Choose a moment within one of the ranges that graphkeep info shows.',
  'repository.recipient-invalid':
    'Give recipients as age-keygen prints them (age1...). Hardware keys, SSH keys and plugins are not supported.',
  'repository.key-unreadable': 'Correct where the identity or its passphrase is read from.',
  'repository.key-invalid': 'Give an identity file of age-keygen; it may be encrypted by age -p.',
  'repository.key-missing':
    'Say where the identity (AGE-SECRET-KEY-...) of one of the recipients is read from that the backup was made for.',
  'repository.key-wrong':
    'Give an identity (AGE-SECRET-KEY-...) of one of the recipients that the backup was made for.',
  'repository.passphrase-missing': 'Say where the passphrase of the identity file is read from.',
  'repository.passphrase-wrong': 'Give the passphrase with which the identity file was encrypted.',
  'repository.newer-version': 'Install a newer release of graphkeep, then run the command again.',
  'repository.object-truncated':
    'The object is shorter than it was when it was written. Read it again; if it stays so, use another base or repository.',
  'repository.object-damaged':
    'The bytes of the object are not those that were written. Read it again; if it stays so, use another base or repository.',
  'repository.object-overlong':
    'Something was added to the object. Use another base or repository, and look for who may write to this one.',
  'repository.object-oversized':
    'graphkeep writes no such object. Use another base or repository, and look for who may write to this one.',
  // objects in folders and buckets
  'object.exists':
    'Objects are never overwritten. Look who else writes to this place; each repository needs a place of its own.',
  'object.missing': 'Somebody removed it, or it was never complete. Look for the reason, then run the command again.',
  'object.changed':
    'Another process is at work in the same place. Wait until it has finished, then run the command again.',
  'object.damaged':
    'Read it once more. If it stays so, its content is lost: use another backup, and check the disk or server.',
  'object.denied': 'Give the user or key of this command the right to do that, or use another one.',
  'object.full': 'Free space there or raise the quota, then run the command again.',
  'object.unavailable':
    'Check that the disk or server can be reached and is not overloaded, then run the command again.',
  'object.unsupported': 'The disk or server cannot do that. Use another one, or do without.',
  'object.key': 'Who wrote this name did not follow the format. Look where it comes from.',
  'object.address':
    'Give a path, file:/path, or s3://bucket/prefix with ?endpoint=, region= and path-style= as needed.',
  'object.no-store': 'Correct the address, or create the folder or bucket.',
  'object.credentials': 'Check the credentials of this command: those that expire have to be renewed.',
  'object.tls':
    'Check https:// in the address, and that the certificate of the server is sound; NODE_EXTRA_CA_CERTS names a file with its issuer.',
  // servers that drills start
  'server.home': 'Give --server-home the directory of an installed server, which has lib in it.',
  'server.java': 'Set JAVA_HOME to a Java that this server runs on.',
  'server.version': 'Give --server-home a server of that release, or a later one of the same series.',
  'server.failed': 'Correct what stood in its way, then run the command again. HEAP_SIZE gives it more memory.',
  'server.timeout': 'Raise --start-timeout, or give the machine less to do, then run the command again.',
  'server.refuses-database':
    'Drill another moment with --until, to find out what is wrong: the log, or the full backup. Keep the older backups, and make a new full one.',
  // the command
  usage: 'See the help of the command.',
  config: 'Correct the setting in the configuration file.',
  'config.unreadable': 'Correct the path, or make the file readable.',
  'directory.missing': 'Create the directory, or correct the path.',
  'directory.forbidden': 'Run the command as the user that owns the database.',
  'demo.failed': 'This is a mistake in graphkeep. Run the demonstration again with --keep --verbose, and report it.',
  'demo.difference': 'This is a mistake in graphkeep. Run the demonstration again with --keep, and report it.',
  'check.inconsistent':
    'Read the report. If it is a backup, check the database it came from, then make a new full backup.',
  'check.failed': 'Correct what stood in the way of the check, then check the backup or database again.',
  cancelled: 'Run the command again.',
  internal: 'This is a mistake in graphkeep. Please report it with the whole message.',
} as const;

export type ErrorCode = keyof typeof errorCodes;
