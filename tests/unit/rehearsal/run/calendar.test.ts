import { describe, expect, it } from "vitest";
import { checkedCalendar } from "../../../../rehearsal/commands/calendar-file.ts";
import { leftOutByCalendar, type RegressionCalendar } from "../../../../rehearsal/run/calendar.ts";

// A Saturday.
const NOW = new Date("2026-11-21T23:30:00Z");
const TITLES = new Map([["load", "load at limits"]]);

function leftOut(calendar: RegressionCalendar) {
  return leftOutByCalendar(calendar, TITLES, NOW);
}

describe("the regression calendar", () => {
  it("leaves out a part on other days and says when it runs next", () => {
    expect(leftOut({ parts: { load: { on: ["tuesday", "friday"] } } })).toEqual([
      { part: "load", title: "load at limits", reason: "calendar", next: "2026-11-24", required: true },
    ]);
    expect(leftOut({ parts: { load: { on: ["saturday"] } } })).toEqual([]);
  });

  it("takes the day of its own time zone", () => {
    expect(leftOut({ timeZone: "Europe/Berlin", parts: { load: { on: ["sunday"] } } })).toEqual([]);
  });

  it("runs every part of a rotation on one of its days", () => {
    const days = [1, 2, 3].map((day) => leftOut({ parts: { load: { every: 3, day } } }));
    expect(days.filter((left) => left.length === 0)).toHaveLength(1);
    expect(days.flat().map(({ next }) => next)).toEqual(expect.arrayContaining(["2026-11-22", "2026-11-23"]));
  });

  it("needs no part for evidence that it says so of", () => {
    const [load] = leftOut({ parts: { load: { on: ["monday"], evidenceWithout: true } } });
    expect(load?.required).toBe(false);
  });

  it("names every fault of the file", () => {
    const wrong = {
      timeZone: "Mars/Base",
      parts: { loud: { on: ["monday"] }, load: { on: ["someday"] }, drift: { every: 3, day: 4 } },
    };
    const message = (() => {
      try {
        checkedCalendar(wrong, ["load", "drift"]);
      } catch (error) {
        return String(error);
      }
      return "nothing";
    })();
    for (const found of ["Mars/Base", '"loud"', "someday", '"day":4']) expect(message).toContain(found);
    expect(() => checkedCalendar(undefined, ["load"])).toThrow("no default export");
  });
});
