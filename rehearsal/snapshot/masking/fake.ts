import { createHmac } from "node:crypto";
import { en, Faker } from "@faker-js/faker";
import type { FakeKind } from "./fake-kinds.ts";

const faker = new Faker({ locale: [en] });

const MAKERS: Record<FakeKind, (length: number) => string> = {
  name: () => faker.person.fullName(),
  "first-name": () => faker.person.firstName(),
  "last-name": () => faker.person.lastName(),
  // Domains that are nobody's: mail to them cannot arrive (RFC 2606).
  email: () => faker.internet.exampleEmail().toLowerCase(),
  phone: () => faker.phone.number(),
  address: () => faker.location.streetAddress(),
  city: () => faker.location.city(),
  company: () => faker.company.name(),
  text: (length) => {
    let text = "";
    while (text.length < length) text += `${text === "" ? "" : " "}${faker.lorem.sentence()}`;
    return text.slice(0, length);
  },
};

/**
 * A made-up value in place of another: the same one each time under the same key.
 *
 * @param limit characters that the column holds
 */
export function fakeValue(kind: FakeKind, value: string, key: Buffer, limit: number): string {
  faker.seed(createHmac("sha256", key).update(`${kind}:${value}`).digest().readUInt32BE());
  return Array.from(MAKERS[kind](Array.from(value).length))
    .slice(0, limit)
    .join("");
}
