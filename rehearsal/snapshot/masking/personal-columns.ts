import { holdsText, isText, type MaskedColumn, type MaskingRules } from "./kinds.ts";

/** Words in a column's name that say that it holds something personal or secret. */
const WORDS = [
  ...["name", "firstname", "lastname", "surname", "forename", "fullname", "nickname", "username", "login", "author"],
  ...["email", "mail", "phone", "telephone", "mobile", "fax", "contact"],
  ...["address", "street", "zip", "zipcode", "postcode", "postal", "plz"],
  ...["birth", "birthday", "birthdate", "dob", "born", "gender", "ssn", "nin", "tax", "passport", "licence", "license"],
  ...["iban", "bic", "account", "card", "ip", "latitude", "longitude", "geolocation", "avatar", "signature"],
  ...[
    "token",
    "secret",
    "password",
    "passwd",
    "key",
    "apikey",
    "credential",
    "session",
    "cookie",
    "hash",
    "salt",
    "otp",
  ],
  ...["comment", "note", "notes", "message", "remark", "description", "text", "body", "bio", "raw", "error", "payload"],
];

/** Words that make a number personal; others may well be counted (`message_count`). */
const NUMBERS = [
  ...["phone", "telephone", "mobile", "fax", "zip", "zipcode", "postcode", "plz", "birth", "dob", "ssn", "nin", "tax"],
  ...["passport", "iban", "account", "card", "ip", "latitude", "longitude", "otp"],
];
const DATES = ["birth", "birthday", "birthdate", "dob", "born"];
const IDENTIFIERS = ["token", "secret", "password", "key", "apikey", "session", "otp"];
/** Shorter words are part of too many others to be looked for inside of one. */
const SHORTEST_INSIDE = 6;

/**
 * Rules for tables that every Django project has. Their texts are secrets and people's names, or Django's own words,
 * which code looks up. Settings win over them.
 */
export const DJANGO_RULES: MaskingRules = {
  "auth_user.password": "hash",
  "auth_user.username": "hash",
  "auth_user.first_name": "hash",
  "auth_user.last_name": "hash",
  "auth_user.email": "hash",
  "auth_group.name": "keep",
  "auth_permission.name": "keep",
  "auth_permission.codename": "keep",
  "authtoken_token.key": "hash",
  "django_admin_log.object_id": "keep",
  "django_admin_log.object_repr": "hash",
  "django_admin_log.change_message": "hash",
  "django_content_type.*": "keep",
  "django_migrations.*": "keep",
  "django_session.session_key": "hash",
  "django_session.session_data": "hash",
  "django_site.*": "keep",
};

/** Whether a column's name or type gives reason to ask what is to become of it. */
export function looksPersonal({ name, baseType, generated }: MaskedColumn): boolean {
  if (generated) return false;
  // Free text: anything may stand in it.
  if (baseType === "text" || baseType === "citext" || holdsText(baseType)) return true;
  if (["bytea", "xml", "hstore", "inet", "cidr", "macaddr"].includes(baseType)) return true;
  const words = name
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .toLowerCase()
    .split(/[^a-z]+/);
  if (isText(baseType)) {
    const inside = WORDS.filter((word) => word.length >= SHORTEST_INSIDE);
    return words.some((word) => WORDS.includes(word) || inside.some((part) => word.includes(part)));
  }
  const telling = /^(date|time)/.test(baseType) ? DATES : baseType === "uuid" ? IDENTIFIERS : NUMBERS;
  // A foreign key to a card is the number of a row.
  return baseType !== "bool" && words.at(-1) !== "id" && words.some((word) => telling.includes(word));
}
