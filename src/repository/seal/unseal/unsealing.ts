import type { Decrypter } from 'age-encryption';
import { GraphkeepError } from '../../../base/errors.ts';
import type { FrameCodec } from '../../../base/zstd/frame-codec.ts';

/** How the objects of a repository are read. */
export interface Unsealing {
  codec: FrameCodec;
  /** `none` if the repository is not encrypted; undefined if it is, and no identity was given. */
  identities: Decrypter | 'none' | undefined;
}

/** @throws `repository.key-missing` */
export function demandIdentities({ identities }: Pick<Unsealing, 'identities'>, key: string): Decrypter | 'none' {
  if (identities !== undefined) return identities;
  throw new GraphkeepError('repository.key-missing', 'the object is encrypted, and no identity was given', {
    place: { file: key },
  });
}
