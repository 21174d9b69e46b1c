/** `3 → 12`, or `3` where load changes nothing. */
export function loadRange(zero: number, full: number): string {
  const [least, most] = [rounded(zero), rounded(full)];
  return least === most ? least : `${least} → ${most}`;
}

function rounded(value: number): string {
  return String(Math.round(value * 100) / 100);
}
