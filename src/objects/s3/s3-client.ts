import type { S3Client } from '@aws-sdk/client-s3';
import type { CredentialsCommand } from './credentials-command.ts';
import type { S3Address } from './s3-address.ts';

export type Sdk = typeof import('@aws-sdk/client-s3');

export interface S3Options {
  /** Undefined: the environment, the settings of the AWS tools, or the role of the machine. */
  readonly credentials?: CredentialsCommand;
  /** A server that is silent for so long does not answer. Default 60 s. */
  readonly silentMs?: number;
  /** Keys in one answer to a list; the server may give fewer. */
  readonly pageKeys?: number;
}

const USUAL_SILENT_MS = 60_000;
const CONNECT_MS = 10_000;

/** The SDK is large and starts slowly: it is loaded only by who opens a bucket. */
export async function connectS3(address: S3Address, options: S3Options): Promise<{ sdk: Sdk; client: S3Client }> {
  // It would warn of every start on Node 20. The version is pinned to one that runs there.
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';
  const sdk = await import('@aws-sdk/client-s3');
  const { endpoint, region, pathStyle } = address;
  const { credentials, silentMs = USUAL_SILENT_MS } = options;
  const client = new sdk.S3Client({
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(region === undefined ? {} : { region }),
    ...(credentials === undefined ? {} : { credentials: () => credentials.provide() }),
    forcePathStyle: pathStyle,
    // One policy for all stores decides about further attempts.
    maxAttempts: 1,
    // More than the minimum breaks other servers than those of AWS. We send a SHA-256 ourselves.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    // The SDK would open a new connection for each object.
    expectContinueHeader: false,
    requestHandler: { connectionTimeout: CONNECT_MS, socketTimeout: silentMs },
  });
  return { sdk, client };
}
