// Shows how far a backup is, stops it after a while, and tells failures apart. Run: node events-and-errors.js <empty directory>
import { type BackupEvent, BackupFailed, backup, describeError, GraphkeepError } from 'graphkeep';

function show(event: BackupEvent): void {
  switch (event.kind) {
    case 'attempt-began':
      console.log(`trying a ${event.backup} backup, ${event.protocol} protocol`);
      break;
    case 'file-ended':
      console.log(`${event.name}: ${event.bytes} bytes`);
      break;
    case 'check-progress':
      console.log(`checking ${event.phase}: ${event.doneBytes} of ${event.totalBytes} bytes`);
      break;
  }
}

const tooLong = AbortSignal.timeout(60 * 60_000);
try {
  // Nobody listens there.
  await backup({ backupDir: process.argv[2]!, name: 'x', from: '127.0.0.1:9', signal: tooLong, onEvent: show });
} catch (error) {
  if (!(error instanceof GraphkeepError)) throw error;
  console.log(`${error.code}: ${error.message}`);
  // What was tried, and why it failed.
  if (error instanceof BackupFailed) {
    for (const { strategy, error: cause } of error.attempts) console.log(`${strategy}: ${describeError(cause)}`);
  }
  switch (error.code) {
    case 'cancelled':
      console.log('it took too long');
      break;
    case 'peer.unreachable':
      console.log('the server is down: try again later');
      break;
    case 'check.inconsistent':
      console.log('the backup was made, but the database is damaged');
      break;
    default:
      console.log(error.hint);
  }
}
