import { GraphkeepError } from '../../../base/errors.ts';
import { makeHeader } from '../age/file-header.ts';

const POST_QUANTUM = 'age1pq1';
const CLASSIC = /^age1[02-9ac-hj-np-z]{58}$/;
/** So that every header fits into the room that a sealed object has for it. */
const MOST_RECIPIENTS = 20;
const SHOWN = 24;

/**
 * Checks that objects can be encrypted for these recipients: at least one `age1...` of X25519, or of the post-quantum hybrid; not both,
 * since an attacker would choose the weaker one (age refuses that too).
 * @throws `repository.recipient-invalid`
 */
export async function checkRecipients(recipients: readonly string[]): Promise<void> {
  if (recipients.length === 0) throw invalid('there is no recipient', 'none');
  if (recipients.length > MOST_RECIPIENTS)
    throw invalid(`there are more than ${MOST_RECIPIENTS} recipients`, 'too many');
  for (const recipient of recipients) await checkRecipient(recipient);
  const postQuantum = recipients.filter((recipient) => recipient.startsWith(POST_QUANTUM)).length;
  if (postQuantum > 0 && postQuantum < recipients.length) {
    throw invalid('recipients with and without post-quantum keys cannot be mixed', `${postQuantum} with`);
  }
}

async function checkRecipient(recipient: string): Promise<void> {
  // By mistake it may be an identity, which must not be shown.
  if (/^age-secret-key-/i.test(recipient))
    throw invalid('a recipient is an identity, which is secret', 'AGE-SECRET-KEY-');
  const observed = recipient.length > SHOWN ? `${recipient.slice(0, SHOWN)}...` : recipient;
  if (!recipient.startsWith(POST_QUANTUM) && !CLASSIC.test(recipient)) {
    throw invalid('a recipient has not the form age1...', observed);
  }
  try {
    await makeHeader([recipient]);
  } catch (error) {
    throw new GraphkeepError('repository.recipient-invalid', 'a recipient is not a public key of age', {
      observed,
      cause: error,
    });
  }
}

function invalid(message: string, observed: string): GraphkeepError {
  return new GraphkeepError('repository.recipient-invalid', message, { observed });
}
