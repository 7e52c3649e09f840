/** How long a fault campaign is: about so many kills, or completed and verified cycles. CI runs a short form. */
export const FAULT_ROUNDS = Number(process.env.GRAPHKEEP_FAULT_ROUNDS ?? 1000);

if (!Number.isInteger(FAULT_ROUNDS) || FAULT_ROUNDS < 1) {
  throw new RangeError(`GRAPHKEEP_FAULT_ROUNDS is not a number from 1: ${process.env.GRAPHKEEP_FAULT_ROUNDS}`);
}
