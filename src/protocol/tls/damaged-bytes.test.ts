import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import { TestIdentity } from '../../../test/support/corpus/test-certificates.ts';
import { campaign } from '../../../test/support/random/campaign-size.ts';
import { openTappedWire } from '../../../test/support/servers/tapped-wire.ts';
import { converse, loadPolicy, openServer } from '../../../test/support/servers/tls-conversation.ts';
import type { SslPolicy } from '../../config/ssl-policy/ssl-policy.ts';

/** A length that was increased leaves both ends waiting; in the product, protocol timers end that. */
const PATIENCE_MS = 300;

const BODY = Buffer.from('a body that has to arrive as it is');

let policies: Record<string, { client: SslPolicy; server: SslPolicy }>;

beforeAll(async () => {
  const authority = await TestIdentity.authority('authority');
  const [server, client] = await Promise.all([authority.issue('server'), authority.issue('client')]);
  const trusted = [authority.pem];
  policies = {};
  for (const version of ['TLSv1.2', 'TLSv1.3']) {
    const settings = { tls_versions: version };
    policies[version] = {
      client: await loadPolicy({ identity: client, trusted }, settings),
      server: await loadPolicy({ identity: server, trusted }, settings),
    };
  }
});

test('one changed byte anywhere never changes what arrives, and never leaves a connection open', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom('TLSv1.2', 'TLSv1.3'),
      fc.boolean(),
      fc.record({ at: fc.integer({ min: 0, max: 3200 }), xor: fc.integer({ min: 1, max: 255 }) }),
      async (version, isToServer, damage) => {
        const wire = await openTappedWire(isToServer ? { damageToServer: damage } : { damageToClient: damage });
        const timer = setTimeout(() => wire.close(), PATIENCE_MS);
        const { client, server } = policies[version]!;
        const results = await converse(wire, { policy: client }, { policy: server }, BODY);
        clearTimeout(timer);
        wire.close();
        for (const result of results) {
          if (result.status === 'fulfilled') expect(result.value).toEqual(BODY);
          else expect(result.reason).toBeInstanceOf(Error);
        }
      },
    ),
    { numRuns: campaign.rounds(150) },
  );
});

test('a server gives up on anything that begins like TLS but is not', async () => {
  const { server } = policies['TLSv1.2']!;
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 20, max: 24 }), fc.uint8Array({ maxLength: 3000 }), async (type, rest) => {
      const wire = await openTappedWire();
      wire.client.end(Buffer.from([type, 3, ...rest]));
      await expect(openServer(wire, { policy: server })).rejects.toMatchObject({
        code: expect.stringMatching(/^tls\./),
      });
      expect(wire.server.destroyed).toBe(true);
      wire.close();
    }),
    { numRuns: campaign.rounds(50) },
  );
});

test("a message that may not come first ends the session, with the library's reason", async () => {
  const wire = await openTappedWire();
  const dataBeforeAnyHello = Buffer.from([23, 3, 3, 0, 1, 0]);
  wire.client.end(dataBeforeAnyHello);
  const opened = openServer(wire, { policy: policies['TLSv1.2']!.server });
  await expect(opened).rejects.toMatchObject({
    code: 'tls.failed',
    observed: expect.stringContaining('unexpected message'),
  });
  wire.close();
});
