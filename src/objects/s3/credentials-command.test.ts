import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeTemporaryDirectory, removeDirectory } from '../../../test/support/corpus/unpack-corpus.ts';
import type { GraphkeepError } from '../../base/errors.ts';
import { CredentialsCommand } from './credentials-command.ts';

const SECRET = 'do-not-show-this';
const node = (script: string) => [process.execPath, '-e', script];
const printing = (value: unknown) => node(`process.stdout.write(${JSON.stringify(JSON.stringify(value))})`);
const valid = { Version: 1, AccessKeyId: 'id', SecretAccessKey: SECRET };

describe('a credentials command', () => {
  it('a credentials command prints what the AWS tools call credential_process', async () => {
    const printed = { ...valid, SessionToken: 'token', Expiration: '2099-01-01T00:00:00Z' };
    expect(await new CredentialsCommand(printing(printed)).provide()).toEqual({
      accessKeyId: 'id',
      secretAccessKey: SECRET,
      sessionToken: 'token',
      expiration: new Date('2099-01-01T00:00:00Z'),
    });
    const lasting = { accessKeyId: 'id', secretAccessKey: SECRET };
    expect(await new CredentialsCommand(printing({ ...valid, SessionToken: null })).provide()).toEqual(lasting);
  });

  it('a credentials command runs again shortly before its credentials expire, and not before', async () => {
    const scratch = await makeTemporaryDirectory();
    const log = join(scratch, 'log');
    const printed = JSON.stringify(JSON.stringify({ ...valid, Expiration: '2030-01-01T01:00:00Z' }));
    const script = `require('fs').appendFileSync(${JSON.stringify(log)}, 'x'); process.stdout.write(${printed})`;
    let now = Date.parse('2030-01-01T00:00:00Z');
    const command = new CredentialsCommand(node(script), { now: () => now });
    const runs = () => readFileSync(log, 'utf8').length;
    await Promise.all([command.provide(), command.provide()]);
    await command.provide();
    expect(runs()).toBe(1);
    now += 58 * 60_000;
    await command.provide();
    expect(runs()).toBe(1);
    now += 90_000;
    await command.provide();
    expect(runs()).toBe(2);
    now += 60_000;
    await expect(command.provide()).rejects.toMatchObject({
      code: 'object.credentials',
      observed: '2030-01-01T01:00:00.000Z',
    });
    await removeDirectory(scratch);
  });

  it.each<[string, readonly string[], unknown]>([
    ['is not there', ['/does/not/exist'], 'ENOENT'],
    ['is nothing', [], undefined],
    ['fails', node(`console.error('${SECRET}'); console.log('${SECRET}'); process.exit(3)`), 'exit code 3'],
    ['prints no JSON', node(`console.log('${SECRET}')`), undefined],
    ['prints null', printing(null), undefined],
    ['prints another version', printing({ ...valid, Version: 2 }), undefined],
    ['prints no id', printing({ ...valid, AccessKeyId: undefined }), undefined],
    ['prints no secret', printing({ ...valid, SecretAccessKey: undefined, Note: SECRET }), undefined],
    ['prints a number', printing({ ...valid, SessionToken: 7 }), undefined],
    ['prints no time', printing({ ...valid, Expiration: SECRET }), undefined],
    ['prints what has expired', printing({ ...valid, Expiration: '2001-01-01T00:00:00Z' }), '2001-01-01T00:00:00.000Z'],
  ])('a credentials command that %s is an error, which shows nothing of it', async (_, argv, observed) => {
    const error: GraphkeepError = await new CredentialsCommand(argv).provide().catch((thrown) => thrown);
    expect(error).toMatchObject({ code: 'object.credentials', ...(observed === undefined ? {} : { observed }) });
    expect(`${error.message} ${error.observed} ${error.hint} ${error.stack}`).not.toContain(SECRET);
    expect(error.cause).toBeUndefined();
  });

  it('a credentials command that does not end is killed', async () => {
    const command = new CredentialsCommand(node('setInterval(() => {}, 1000)'), { limitMs: 50 });
    await expect(command.provide()).rejects.toMatchObject({ code: 'object.credentials', observed: '50 ms' });
  });
});
