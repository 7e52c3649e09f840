/** A protocol that a peer speaks instead of the common protocol. */
export interface ForeignProtocol {
  name: string;
  hint: string;
}

const otherServer = 'Check the port in --from: it must be the dbms.backup.address of the server.';

const signatures: { bytes: string; protocol: ForeignProtocol }[] = [
  {
    // Frame length 21, message code of the magic (spec catchup-protocol 5).
    bytes: '00000015344f454e',
    protocol: {
      name: 'the catchup protocol of a causal cluster member',
      hint: 'Use --protocol=catchup (or any) for a member of a causal cluster.',
    },
  },
  {
    bytes: '1503',
    protocol: {
      name: 'TLS',
      hint: 'The common backup protocol knows no TLS. A causal cluster member with dbms.backup.ssl_policy needs --protocol=catchup; otherwise check the port in --from.',
    },
  },
  { bytes: ascii('HTTP/'), protocol: { name: 'HTTP', hint: otherServer } },
  { bytes: ascii('SSH-'), protocol: { name: 'SSH', hint: otherServer } },
];

function ascii(text: string): string {
  return Buffer.from(text, 'latin1').toString('hex');
}

/** Recognizes other protocols by the first bytes of an answer: as many as have arrived, ideally 8. */
export function recogniseForeignProtocol(start: Uint8Array): ForeignProtocol | undefined {
  const hex = Buffer.from(start).toString('hex');
  const found = signatures.find(({ bytes }) => hex.startsWith(bytes) || (hex.length >= 8 && bytes.startsWith(hex)));
  return found?.protocol;
}
