import { describe, expect, it } from 'vitest';
import { pretendMounts } from '../../test/support/faults/pretended-mounts.ts';
import { isMountPoint, mountOf } from './mounts.ts';

describe.runIf(process.platform === 'linux')('the mounts of this machine', () => {
  it('a path is on the innermost mount around it', async () => {
    expect(await mountOf('/proc/self')).toMatchObject({ point: '/proc', type: 'proc' });
    expect((await mountOf('/no-such-directory/x'))?.point).toBe('/');
  });

  it('a mount with blanks in its name is one, until it is gone', async () => {
    const path = '/with blank';
    const unmount = pretendMounts(path);
    expect(await isMountPoint(path)).toBe(true);
    expect(await mountOf(`${path}/below`)).toEqual({ point: path, type: 'tmpfs' });
    unmount();
    expect(await isMountPoint(path)).toBe(false);
  });
});
