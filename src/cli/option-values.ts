/** The values of a command's options, whichever front has parsed them. Reading a bad value throws a GraphkeepError `usage`. */
export interface OptionValues {
  /** @throws GraphkeepError `usage` if it was not given */
  mandatory(name: string): string;
  /** The value, or the default of the option's row; undefined if there is neither. */
  optional(name: string): string | undefined;
  /** A flag that was given, else undefined. */
  givenFlag(name: string): boolean | undefined;
  /** A flag with the default of its row. */
  flag(name: string): boolean;
  /** True if the option was written down, with or without a value. */
  isGiven(name: string): boolean;
}
