import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { cancelledError } from '../../base/cancellation.ts';
import { packError } from '../../base/packed-errors.ts';
import { StoreReader } from '../../store/graph/store-reader.ts';
import type { Finding } from '../findings/finding.ts';
import { checkParts } from '../parts/check-parts.ts';
import { PartRunner } from '../parts/part-run.ts';
import { FindingGate } from './finding-gate.ts';
import type { WorkerMessage, WorkerOrder, WorkerSetup } from './part-messages.ts';

/** Entry point of a worker thread: runs the parts of a check that it is assigned. A separate file in the built program. */

const BATCH = 64;
const PROGRESS_MS = 50;

class PartWorker {
  private readonly port: MessagePort;
  private readonly gate: FindingGate;
  private readonly setup: WorkerSetup;
  private readonly abort = new AbortController();
  private findings: Finding[] = [];
  private bytes = 0;
  private toldAt = 0;

  constructor(port: MessagePort, setup: WorkerSetup) {
    this.port = port;
    this.setup = setup;
    this.gate = new FindingGate(setup.gate);
  }

  serve(): void {
    this.port.on('message', ({ run }: WorkerOrder) => {
      if (run !== 'nothing') {
        void this.run(run);
        return;
      }
      this.abort.abort();
      this.port.close();
    });
  }

  private async run(index: number): Promise<void> {
    const reader = new StoreReader(this.setup.directory);
    try {
      const runner = new PartRunner(reader, {
        parts: this.setup.parts,
        budgetBytes: this.setup.budgetBytes,
        report: (finding) => this.report(finding),
        progress: (phase, bytes) => this.tell(phase, bytes),
        signal: this.abort.signal,
      });
      await runner.run(checkParts[index]!);
      this.flush();
      this.send({ kind: 'done' });
    } catch (error) {
      this.send({ kind: 'failed', error: packError(error) });
    } finally {
      reader.close();
    }
  }

  private report(finding: Finding): void {
    this.findings.push(finding);
    if (this.findings.length >= BATCH) this.flush();
  }

  private flush(): void {
    if (this.findings.length === 0) return;
    if (!this.gate.pass()) throw cancelledError(this.abort.signal);
    this.send({ kind: 'findings', findings: this.findings });
    this.findings = [];
  }

  private tell(phase: string, bytes: number): void {
    this.bytes += bytes;
    const now = performance.now();
    if (now - this.toldAt < PROGRESS_MS) return;
    this.toldAt = now;
    this.flush();
    this.send({ kind: 'progress', phase, bytes: this.bytes });
    this.bytes = 0;
  }

  private send(message: WorkerMessage): void {
    this.port.postMessage(message);
  }
}

new PartWorker(parentPort!, workerData as WorkerSetup).serve();
