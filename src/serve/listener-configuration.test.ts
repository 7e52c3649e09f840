import { describe, expect, it } from 'vitest';
import { chooseAddress } from './listener-configuration.ts';

describe('the address of a listener', () => {
  it.each([
    [{}, {}, { host: '127.0.0.1', port: 6362, lastPort: 6372 }],
    [{}, { host: '0.0.0.0', port: 7000, lastPort: 7010 }, { host: '0.0.0.0', port: 7000, lastPort: 7010 }],
    [{ port: 8000 }, { host: '0.0.0.0', port: 7000, lastPort: 7010 }, { host: '0.0.0.0', port: 8000 }],
    [{ host: '[::1]' }, { host: '0.0.0.0', port: 7000 }, { host: '::1', port: 7000 }],
    [{ host: 'a', port: 1, lastPort: 2 }, {}, { host: 'a', port: 1, lastPort: 2 }],
  ])('the address of a listener %j over %j is %j', (typed, configured, expected) => {
    expect(chooseAddress(typed, configured)).toEqual(expected);
  });

  it('the address of a listener is refused if its range ends before it begins', () => {
    expect(() => chooseAddress({ port: 9, lastPort: 8 }, {})).toThrow('ends before it begins');
  });
});
