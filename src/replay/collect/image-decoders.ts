import { readDynamicImage } from '../../log/v3/commands/dynamic-record-image.ts';
import { readNodeImage } from '../../log/v3/commands/node-command.ts';
import { readPropertyImage } from '../../log/v3/commands/property-command.ts';
import { readRelationshipImage } from '../../log/v3/commands/relationship-command.ts';
import { readGroupImage } from '../../log/v3/commands/relationship-group-command.ts';
import { readTokenImage } from '../../log/v3/commands/token-command.ts';
import { RELATIONSHIP_GROUP_COMMAND, WIDE_RELATIONSHIP_GROUP_COMMAND } from '../../log/v3/fields/command-types.ts';
import type { DynamicRecord } from '../../store/records/dynamic-record.ts';
import type { NodeRecord } from '../../store/records/node-record.ts';
import type { PropertyRecord } from '../../store/records/property-record.ts';
import type { RelationshipGroupRecord } from '../../store/records/relationship-group-record.ts';
import type { RelationshipRecord } from '../../store/records/relationship-record.ts';
import type { TokenKind, TokenRecord } from '../../store/records/token-record.ts';
import { type ImageLocation, isWideImage } from './image-location.ts';
import type { LogImages } from './log-images.ts';
import { RecordSpace } from './record-space.ts';

/** Fills a record from its image at a location in the log. */
export type ImageDecoder<R> = (image: ImageLocation, record: R) => R;

export function nodeImages(images: LogImages): ImageDecoder<NodeRecord> {
  return decoder(images, readNodeImage);
}

export function propertyImages(images: LogImages): ImageDecoder<PropertyRecord> {
  return decoder(images, readPropertyImage);
}

/** The record's data is a view, which the next image overwrites. */
export function dynamicImages(images: LogImages): ImageDecoder<DynamicRecord> {
  return decoder(images, readDynamicImage);
}

function relationshipImages(images: LogImages): ImageDecoder<RelationshipRecord> {
  return decoder(images, readRelationshipImage);
}

function groupImages(images: LogImages): ImageDecoder<RelationshipGroupRecord> {
  const narrow = decoder<RelationshipGroupRecord>(images, (buffer, offset, record) =>
    readGroupImage(buffer, offset, record, RELATIONSHIP_GROUP_COMMAND),
  );
  const wide = decoder<RelationshipGroupRecord>(images, (buffer, offset, record) =>
    readGroupImage(buffer, offset, record, WIDE_RELATIONSHIP_GROUP_COMMAND),
  );
  return (image, record) => (isWideImage(image) ? wide : narrow)(image, record);
}

function tokenImages(images: LogImages, kind: TokenKind): ImageDecoder<TokenRecord> {
  return decoder<TokenRecord>(images, (buffer, offset, record) => readTokenImage(kind, buffer, offset, record));
}

/** The decoder of a record space; its record type is that of the space's codec. */
export function imagesOf(space: RecordSpace, images: LogImages): ImageDecoder<never> {
  return anyDecoder(space, images) as ImageDecoder<never>;
}

function anyDecoder(space: RecordSpace, images: LogImages): unknown {
  switch (space) {
    case RecordSpace.node:
      return nodeImages(images);
    case RecordSpace.relationship:
      return relationshipImages(images);
    case RecordSpace.relationshipGroup:
      return groupImages(images);
    case RecordSpace.property:
      return propertyImages(images);
    case RecordSpace.label:
      return tokenImages(images, 'label');
    case RecordSpace.relationshipType:
      return tokenImages(images, 'relationshipType');
    case RecordSpace.propertyKey:
      return tokenImages(images, 'propertyKey');
    default:
      return dynamicImages(images);
  }
}

/** One closure for all records: no allocation per image. */
function decoder<R>(images: LogImages, read: (buffer: Buffer, offset: number, record: R) => R): ImageDecoder<R> {
  let target: R;
  const decode = (buffer: Buffer, offset: number): R => read(buffer, offset, target);
  return (image, record) => {
    target = record;
    return images.decode(image, decode);
  };
}
