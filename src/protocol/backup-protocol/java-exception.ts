/** What is known of a Java exception that a server has sent. */
export interface JavaException {
  className: string;
  /** From the direct super class up to `java.lang.Throwable`; empty if only the name could be read. */
  superClasses: string[];
  message: string | undefined;
  cause: JavaException | undefined;
}

/** Class names worth recognising (spec common-protocol 13.1). */
export const JavaClass = {
  noSuchTransaction: 'org.neo4j.kernel.impl.transaction.log.NoSuchTransactionException',
  missingLogData: 'org.neo4j.kernel.impl.transaction.log.MissingLogDataException',
  illegalProtocolVersion: 'org.neo4j.com.IllegalProtocolVersionException',
} as const;

/** Is it of that class or of one below it? */
export function isInstance(exception: JavaException, className: string): boolean {
  return exception.className === className || exception.superClasses.includes(className);
}
