import { describe, expect, it } from "vitest";
import { frames, splitStreams } from "../../../engine/task-logs.ts";

function frame(stream: 1 | 2, text: string): Buffer {
  const header = Buffer.alloc(8);
  header.writeUInt8(stream, 0);
  header.writeUInt32BE(Buffer.byteLength(text), 4);
  return Buffer.concat([header, Buffer.from(text)]);
}

describe("the frames of a log", () => {
  it("are the texts of both streams in order, without their headers", () => {
    const log = Buffer.concat([frame(1, "one\n"), frame(2, "two\nthree\n"), frame(1, "")]);
    expect(frames(log)).toEqual(["one\n", "two\nthree\n", ""]);
  });

  it("are measured in bytes: a text that is not ASCII does not shift what follows", () => {
    expect(frames(Buffer.concat([frame(1, "größer → ✓\n"), frame(2, "next\n")]))).toEqual(["größer → ✓\n", "next\n"]);
  });

  it("are longer than 255 bytes", () => {
    const long = "x".repeat(70_000);
    expect(frames(frame(1, long))).toEqual([long]);
  });

  it("are none of an empty log, and what there is of a log that was cut off", () => {
    expect(frames(Buffer.alloc(0))).toEqual([]);
    const cut = Buffer.concat([frame(1, "whole\n"), frame(1, "half of it")]).subarray(0, -5);
    expect(frames(cut)).toEqual(["whole\n", "half "]);
    expect(frames(Buffer.concat([frame(1, "whole\n"), Buffer.from([1, 0, 0])]))).toEqual(["whole\n"]);
  });
});

describe("the streams of a log", () => {
  it("are told apart, and a character that stands across two frames is whole", () => {
    const frame = (stream: number, data: Buffer) => {
      const header = Buffer.alloc(8);
      header[0] = stream;
      header.writeUInt32BE(data.length, 4);
      return Buffer.concat([header, data]);
    };
    const text = Buffer.from("é\n");
    const log = [frame(1, text.subarray(0, 1)), frame(2, Buffer.from("error\n")), frame(1, text.subarray(1))];
    expect(splitStreams(Buffer.concat(log))).toEqual({ stdout: "é\n", stderr: "error\n" });
  });
});
