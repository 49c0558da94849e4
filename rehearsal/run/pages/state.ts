import { z } from "zod";
import { type Followed, kindOf } from "../../checks/followed-links.ts";
import { COOKIES } from "./cookies.ts";
import { ANSWER, type AnswerShape, describeAnswer } from "./describe.ts";

export const PAGES = z.object({
  version: z.literal(2),
  environment: z.string(),
  release: z.string(),
  takenAt: z.string(),
  /** By kind of path, such as `/orders/*`: what all answers of the kind have in common. */
  visitor: z.record(z.string(), ANSWER),
  /** The same, as the administrator sees it. */
  administrator: z.record(z.string(), ANSWER),
  /** Addresses that answered a visitor, by kind. */
  addresses: z.record(z.string(), z.array(z.string())),
  /** Status of the API to a token that nobody has, by the scheme; 0 for no answer. */
  credentials: z.record(z.string(), z.number()),
  /** Status of other ways to ask: by other clients, or without the slash at the end. */
  variants: z.record(z.string(), z.number()).optional(),
  /** What parameters are worth, by kind of address. */
  parameters: z.record(z.string(), z.enum(["heeded", "ignored", "unclear"])).optional(),
  /** Hosts at which pages say that they are. */
  claimed: z.array(z.string()).optional(),
  /** What is set for visitors, and by logging in. */
  cookies: COOKIES.optional(),
  /** Kinds of pages whose form was answered with all that can be chosen in it. */
  longForms: z.array(z.string()).optional(),
  /** What tells the database from another of the same name: addresses of records are of no other. */
  data: z.string(),
});

/** What a release answered, and none of its words. */
export type PagesState = z.infer<typeof PAGES>;

/** The answers of a walk by kind: several of one kind are taken together. */
export function shapesOf(met: readonly Followed[]): Record<string, AnswerShape> {
  const shapes: Record<string, AnswerShape> = {};
  for (const { path, answer } of met) {
    if (answer === undefined) continue;
    const [kind, shape] = [kindOf(path), describeAnswer(answer)];
    const known = shapes[kind];
    // What succeeded says what the kind is like.
    if (known === undefined || (known.status >= 400 && shape.status < 400)) shapes[kind] = shape;
    else if (shape.status < 400) shapes[kind] = together(known, shape);
  }
  return shapes;
}

function together(one: AnswerShape, other: AnswerShape): AnswerShape {
  const elements = { ...one.elements };
  for (const [name, filled] of Object.entries(other.elements)) {
    elements[name] = elements[name] === undefined || elements[name] === filled ? filled : "mixed";
  }
  return {
    ...one,
    headers: one.headers.filter((name) => other.headers.includes(name)),
    fields: [...new Set([...one.fields, ...other.fields])].sort(),
    elements,
    blocked: [...new Set([...one.blocked, ...other.blocked])].sort(),
    mailAddresses: Math.max(one.mailAddresses, other.mailAddresses),
    amount: Math.max(one.amount, other.amount),
  };
}
