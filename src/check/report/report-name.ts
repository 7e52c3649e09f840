/** Name of the report of a check that began at `startedAt`, in local time (spec consistency-check 2). */
export function reportName(startedAt: Date): string {
  const two = (number: number) => String(number).padStart(2, '0');
  const date = [startedAt.getFullYear(), two(startedAt.getMonth() + 1), two(startedAt.getDate())].join('-');
  const time = [startedAt.getHours(), startedAt.getMinutes(), startedAt.getSeconds()].map(two).join('.');
  return `inconsistencies-${date}.${time}.report`;
}
