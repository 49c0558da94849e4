import { randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import { TextCipher } from "../../../../rehearsal/snapshot/masking/cipher.ts";

const cipher = new TextCipher(Buffer.alloc(32, 7));

describe("the cipher of texts", () => {
  it("gives the same value the same mask, and another key another mask", () => {
    expect(cipher.text("Anna Schmidt")).toBe(cipher.text("Anna Schmidt"));
    expect(new TextCipher(Buffer.alloc(32, 8)).text("Anna Schmidt")).not.toBe(cipher.text("Anna Schmidt"));
    expect(cipher.text("Anna Schmidt")).not.toBe("Anna Schmidt");
  });

  it("maps the values of one form onto themselves: none is lost, none comes twice", () => {
    for (const alphabet of ["0123456789", "abcdefghijklmnopqrstuvwxyz"]) {
      const letters = Array.from(alphabet);
      const values = letters.flatMap((one) =>
        letters.flatMap((two) => letters.map((three) => `${one}${two}-${three}`)),
      );
      const masked = new Set(values.map((value) => cipher.text(value)));
      expect(masked.size).toBe(values.length);
      expect([...masked].sort()).toEqual(values.sort());
      expect(new Set(letters.map((letter) => cipher.text(letter))).size).toBe(letters.length);
    }
  });

  it("keeps values that differ in case alone differing in case alone", () => {
    for (const value of ["Anna@Example.org", "Ärger Öl ÜBER", "Γειά Σου", "Привет МИР", "ǅ Ɓɓ Ÿÿ Ⴀა"]) {
      expect(cipher.text(value.toLowerCase())).toBe(cipher.text(value).toLowerCase());
      expect(cipher.text(value.toUpperCase()).toLowerCase()).toBe(cipher.text(value.toUpperCase().toLowerCase()));
    }
  });

  it.each([
    "",
    " ",
    "  leading and trailing  ",
    "\ttab\nline\r\nfeed\u0000",
    "O'Brien-Żółć, 42 % ß ſ İ ı K",
    "naïve café e\u0301 \u200d",
    "日本語カタカナひらがな한국어中文字",
    "שלום مرحبا नमस्ते ไทย ႠႡ აბ",
    "👩‍👩‍👧 🇩🇪 𝔘𝔫𝔦 𠜎𠜱",
    "\\N",
  ])("keeps lengths in characters and bytes, white space and what is no letter or digit: %j", (value) => {
    const masked = cipher.text(value);
    expect(Array.from(masked)).toHaveLength(Array.from(value).length);
    expect(Buffer.byteLength(masked)).toBe(Buffer.byteLength(value));
    const frame = (text: string) => text.replace(/[\p{L}\p{Nd}]/gu, "x");
    expect(frame(masked)).toBe(frame(value));
  });

  it("masks every letter of the scripts that people's names are written in", () => {
    for (const value of [
      "Schmidtbauer",
      "Παπαδόπουλος",
      "Достоевский",
      "田中太郎山田花子",
      "김민준이서연",
      "محمدعبدالله",
    ]) {
      const masked = Array.from(cipher.text(value));
      const same = Array.from(value).filter((character, at) => masked[at] === character);
      expect(same.length).toBeLessThanOrEqual(2);
    }
  });

  it("masks a text of three million characters", () => {
    const long = "Kanarienvogel ".repeat(215_000);
    const masked = cipher.text(long);
    expect(masked).toHaveLength(long.length);
    expect(masked).not.toContain("Kanarienvogel");
  });

  it("keeps a UUID one, with its version and variant, and distinct ones distinct", () => {
    const values = Array.from({ length: 2000 }, () => randomUUID());
    const masked = values.map((value) => cipher.uuid(value));
    expect(new Set(masked).size).toBe(values.length);
    for (const value of masked)
      expect(value).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(masked[0]).not.toBe(values[0]);
  });
});
