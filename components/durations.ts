/**
 * A duration as the engine gives it back: hours, minutes and seconds, without parts that are zero. Written in another
 * form, what is declared and what runs would differ after every refresh.
 *
 * @param seconds a whole number
 */
export function duration(seconds: number): string {
  const parts: [number, string][] = [
    [Math.floor(seconds / 3600), "h"],
    [Math.floor((seconds % 3600) / 60), "m"],
    [seconds % 60, "s"],
  ];
  const text = parts
    .filter(([amount]) => amount > 0)
    .map(([amount, unit]) => `${amount}${unit}`)
    .join("");
  return text === "" ? "0s" : text;
}
