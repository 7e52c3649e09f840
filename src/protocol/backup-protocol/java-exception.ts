/** What is known about a Java exception sent by a server. */
export interface JavaException {
  className: string;
  /** From the direct superclass up to `java.lang.Throwable`; empty if only the name could be read. */
  superClasses: string[];
  message: string | undefined;
  cause: JavaException | undefined;
}

/** Class names that we react to (spec common-protocol 13.1). */
export const JavaClass = {
  noSuchTransaction: 'org.neo4j.kernel.impl.transaction.log.NoSuchTransactionException',
  missingLogData: 'org.neo4j.kernel.impl.transaction.log.MissingLogDataException',
  illegalProtocolVersion: 'org.neo4j.com.IllegalProtocolVersionException',
} as const;

/** True if the exception is of that class or a subclass. */
export function isInstance(exception: JavaException, className: string): boolean {
  return exception.className === className || exception.superClasses.includes(className);
}
