import { ByteWriter } from '../../base/byte-writer.ts';
import { encodeFrame } from './frame-reader.ts';
import { MAX_HANDSHAKE_FRAME } from './limits.ts';
import { type PayloadPlace, PayloadReader } from './payload-reader.ts';
import { encodeText } from './text-field.ts';

/** The message code at the start of each connection, in both directions. */
const MAGIC_CODE = 0x344f454e;

/** The text that follows it. */
export const MAGIC_TEXT = 'NEO4J_CLUSTER';

/** The first 8 bytes of every connection, in both directions: length and code of the magic (spec catchup-protocol 2). */
export const CATCHUP_START = Buffer.from('00000015344f454e', 'hex');

export const CATCHUP_PROTOCOL = 'catchup';

/** The only version of the protocol. */
export const CATCHUP_VERSION = 1;

/** A change to how the bytes after the switch-over are sent, for example category `compression`, implementation `Gzip`. */
export interface Modifier {
  category: string;
  implementation: string;
}

/** In the order of the numbers on the wire, from -1 up (spec catchup-protocol 5). */
const statuses = ['failure', 'success', 'ongoing'] as const;
export type HandshakeStatus = (typeof statuses)[number];

export type ClientHandshakeMessage =
  | { kind: 'magic'; text: string }
  | { kind: 'applicationRequest'; protocol: string; versions: readonly number[] }
  | { kind: 'modifierRequest'; category: string; implementations: readonly string[] }
  | { kind: 'switchOverRequest'; protocol: string; version: number; modifiers: readonly Modifier[] };

export type ServerHandshakeMessage =
  | { kind: 'magic'; text: string }
  | { kind: 'applicationResponse'; status: HandshakeStatus; protocol: string; version: number }
  | { kind: 'modifierResponse'; status: HandshakeStatus; category: string; implementation: string }
  | { kind: 'switchOverResponse'; status: HandshakeStatus };

/** Message codes; each direction has its own (spec catchup-protocol 5). */
const clientCodes = { magic: MAGIC_CODE, applicationRequest: 1, modifierRequest: 2, switchOverRequest: 3 } as const;
const serverCodes = { magic: MAGIC_CODE, applicationResponse: 0, modifierResponse: 1, switchOverResponse: 2 } as const;

/**
 * Encodes a complete frame of the client. After the i32 code:
 *
 * | message | fields |
 * |---|---|
 * | magic | str `NEO4J_CLUSTER` |
 * | 1 application request | str protocol, i32 n, n x i32 version |
 * | 2 modifier request | str category, i32 n, n x str implementation |
 * | 3 switch-over request | str protocol, i32 version, i32 n, n x (str category, str implementation) |
 */
export function encodeClientHandshake(message: ClientHandshakeMessage): Buffer {
  const writer = new ByteWriter(64).i32(clientCodes[message.kind]);
  switch (message.kind) {
    case 'magic':
      encodeText(message.text, writer);
      break;
    case 'applicationRequest':
      encodeText(message.protocol, writer).i32(message.versions.length);
      for (const version of message.versions) writer.i32(version);
      break;
    case 'modifierRequest':
      encodeText(message.category, writer).i32(message.implementations.length);
      for (const implementation of message.implementations) encodeText(implementation, writer);
      break;
    case 'switchOverRequest':
      encodeText(message.protocol, writer).i32(message.version).i32(message.modifiers.length);
      for (const { category, implementation } of message.modifiers) {
        encodeText(implementation, encodeText(category, writer));
      }
  }
  return encodeFrame(writer.view());
}

/**
 * Encodes a complete frame of the server. After the i32 code:
 *
 * | message | fields |
 * |---|---|
 * | magic | str `NEO4J_CLUSTER` |
 * | 0 application response | i32 status, str protocol, i32 version |
 * | 1 modifier response | i32 status, str category, str implementation |
 * | 2 switch-over response | i32 status |
 */
export function encodeServerHandshake(message: ServerHandshakeMessage): Buffer {
  const writer = new ByteWriter(64).i32(serverCodes[message.kind]);
  if (message.kind === 'magic') {
    encodeText(message.text, writer);
  } else {
    writer.i32(statuses.indexOf(message.status) - 1);
    if (message.kind === 'applicationResponse') encodeText(message.protocol, writer).i32(message.version);
    if (message.kind === 'modifierResponse') encodeText(message.implementation, encodeText(message.category, writer));
  }
  return encodeFrame(writer.view());
}

/** Decodes the payload of a client's frame; throws `peer.protocol` for anything else. */
export function decodeClientHandshake(payload: Buffer, place: PayloadPlace): ClientHandshakeMessage {
  const reader = new PayloadReader(payload, place, 'a message of the handshake');
  const message = readClientMessage(reader);
  reader.finish();
  return message;
}

function readClientMessage(reader: PayloadReader): ClientHandshakeMessage {
  const code = reader.i32();
  switch (code) {
    case clientCodes.magic:
      return { kind: 'magic', text: readText(reader) };
    case clientCodes.applicationRequest:
      return {
        kind: 'applicationRequest',
        protocol: readText(reader),
        versions: readList(reader, 4, () => reader.i32()),
      };
    case clientCodes.modifierRequest:
      return {
        kind: 'modifierRequest',
        category: readText(reader),
        implementations: readList(reader, 4, () => readText(reader)),
      };
    case clientCodes.switchOverRequest:
      return {
        kind: 'switchOverRequest',
        protocol: readText(reader),
        version: reader.i32(),
        modifiers: readList(reader, 8, () => ({ category: readText(reader), implementation: readText(reader) })),
      };
    default:
      throw reader.refuse('the client sends an unknown message in the handshake', `code ${code}`, 4);
  }
}

/** Decodes the payload of a server's frame; throws `peer.protocol` for anything else. */
export function decodeServerHandshake(payload: Buffer, place: PayloadPlace): ServerHandshakeMessage {
  const reader = new PayloadReader(payload, place, 'a message of the handshake');
  const message = readServerMessage(reader);
  reader.finish();
  return message;
}

function readServerMessage(reader: PayloadReader): ServerHandshakeMessage {
  const code = reader.i32();
  switch (code) {
    case serverCodes.magic:
      return { kind: 'magic', text: readText(reader) };
    case serverCodes.applicationResponse:
      return {
        kind: 'applicationResponse',
        status: readStatus(reader),
        protocol: readText(reader),
        version: reader.i32(),
      };
    case serverCodes.modifierResponse:
      return {
        kind: 'modifierResponse',
        status: readStatus(reader),
        category: readText(reader),
        implementation: readText(reader),
      };
    case serverCodes.switchOverResponse:
      return { kind: 'switchOverResponse', status: readStatus(reader) };
    default:
      throw reader.refuse('the server sends an unknown message in the handshake', `code ${code}`, 4);
  }
}

function readText(reader: PayloadReader): string {
  return reader.text(MAX_HANDSHAKE_FRAME);
}

function readList<T>(reader: PayloadReader, elementBytes: number, readElement: () => T): T[] {
  return Array.from({ length: reader.count(elementBytes) }, readElement);
}

function readStatus(reader: PayloadReader): HandshakeStatus {
  const value = reader.i32();
  const status = statuses[value + 1];
  if (status === undefined) throw reader.refuse('the server sends an unknown status in the handshake', value, 4);
  return status;
}
