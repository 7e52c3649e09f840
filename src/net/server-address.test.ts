import { expect, test } from 'vitest';
import { connectableHost, formatAddress } from './server-address.ts';

test.each([
  [{ host: 'a', port: 7 }, 'a:7'],
  [{ host: '::1', port: 7 }, '[::1]:7'],
  [{ host: '[::1]', port: 7 }, '[::1]:7'],
])('an address is shown with an IPv6 host in brackets (%j)', (address, text) => {
  expect(formatAddress(address)).toBe(text);
});

test.each([
  ['0.0.0.0', '127.0.0.1'],
  ['::', '::1'],
  ['[::]', '::1'],
  ['[fe80::1]', 'fe80::1'],
  ['db.example', 'db.example'],
])('connecting to %s means %s', (host, connectable) => {
  expect(connectableHost(host)).toBe(connectable);
});
