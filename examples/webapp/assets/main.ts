// Shows times as "3 minutes ago", in the reader's language.
const units: [Intl.RelativeTimeFormatUnit, number][] = [
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
  ["second", 1],
];
const format = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });

for (const time of document.querySelectorAll("time")) {
  const age = (Date.parse(time.dateTime) - Date.now()) / 1000;
  const [unit, length] = units.find(([, length]) => Math.abs(age) >= length) ?? ["second", 1];
  time.title = time.dateTime;
  time.textContent = format.format(Math.round(age / length), unit);
}
