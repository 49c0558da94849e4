import { describe, expect, it } from "vitest";
import {
  bitString,
  elementsOf,
  explicit,
  implicit,
  integer,
  objectIdentifier,
  octetString,
  sequence,
  set,
  time,
  utf8String,
} from "../../../components/der.ts";

const hex = (bytes: Buffer) => bytes.toString("hex");

describe("DER", () => {
  it.each([
    ["00", "020100"],
    ["7f", "02017f"],
    ["80", "02020080"],
    ["0000ff", "020200ff"],
    ["0100", "02020100"],
  ])("writes the whole number %s in as few bytes as it takes, and never as a negative one", (bytes, encoded) => {
    expect(hex(integer(Buffer.from(bytes, "hex")))).toBe(encoded);
  });

  it.each([
    ["2.5.4.3", "0603550403"],
    ["1.2.840.10045.4.3.2", "06082a8648ce3d040302"],
    ["1.3.6.1.4.1.311", "06072b060104018237"],
  ])("writes the object identifier %s", (dotted, encoded) => {
    expect(hex(objectIdentifier(dotted))).toBe(encoded);
  });

  it.each([
    [127, "047f"],
    [128, "048180"],
    [256, "04820100"],
    [65_536, "0483010000"],
  ])("writes the length %i in as few bytes as it takes", (length, head) => {
    expect(hex(octetString(Buffer.alloc(length))).slice(0, head.length)).toBe(head);
  });

  it("writes texts, bits, sequences, sets and what is told apart by its place", () => {
    expect(hex(utf8String("é"))).toBe("0c02c3a9");
    expect(hex(bitString(Buffer.of(0x06), 1))).toBe("03020106");
    expect(hex(sequence(set(), explicit(3, integer(Buffer.of(1))), implicit(2, Buffer.from("a"))))).toBe(
      "300a3100a303020101820161",
    );
  });

  it.each([
    ["2026-01-02T03:04:05.678Z", "170d3236303130323033303430355a"],
    ["2049-12-31T23:59:59Z", "170d3439313233313233353935395a"],
    ["2050-01-01T00:00:00Z", "180f32303530303130313030303030305a"],
  ])("writes the time %s with two digits of the year until 2049", (text, encoded) => {
    expect(hex(time(new Date(text)))).toBe(encoded);
  });

  it("reads back what stands one after another", () => {
    const parts = [integer(Buffer.of(5)), octetString(Buffer.alloc(300, 7)), sequence(utf8String("a"))];
    expect(elementsOf(Buffer.concat(parts)).map(({ whole }) => hex(whole))).toEqual(parts.map(hex));
    expect(elementsOf(parts[1] ?? Buffer.of()).map(({ content }) => content.length)).toEqual([300]);
  });

  it("refuses what ends too early", () => {
    expect(() => elementsOf(octetString(Buffer.alloc(300)).subarray(0, 200))).toThrow(
      "DER must hold 304 bytes; found 200",
    );
  });
});
