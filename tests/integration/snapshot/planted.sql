CREATE EXTENSION pg_trgm;
CREATE EXTENSION citext;
CREATE EXTENSION pg_stat_statements;
CREATE SCHEMA "Other Schema";
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
CREATE DOMAIN short_name AS varchar(20) CHECK (VALUE <> 'forbidden');
CREATE SEQUENCE ahead START 1000;
SELECT setval('ahead', 123456789012, true);
CREATE SEQUENCE unused START 77 INCREMENT -3 MINVALUE -100 MAXVALUE 100;

CREATE TABLE person (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  login citext NOT NULL UNIQUE,
  email varchar(100) UNIQUE,
  name text,
  short short_name,
  padded char(10),
  details jsonb,
  raw_details json,
  tags text[],
  token uuid UNIQUE DEFAULT gen_random_uuid(),
  born date,
  seen timestamptz,
  note text,
  fake_city varchar(8),
  upper_name text GENERATED ALWAYS AS (upper(name)) STORED
);
CREATE INDEX person_lower_email ON person (lower(email));
CREATE INDEX person_name_trigrams ON person USING gin (name gin_trgm_ops);
INSERT INTO person (login, email, name, short, padded, details, raw_details, tags, born, seen, note, fake_city) VALUES
  ('Anna', 'anna@example.org', 'Anna  Kanarienvogel7431 ', 'Ann', 'ab', '{"name": "Kanarienvogel7431", "n": 1.50}', '{"b":1, "a":"Kanarienvogel7431"}', '{Kanarienvogel7431,NULL,"NULL","a,b \"c\""}', '1980-02-29', '2024-03-10 12:30:00.123456+00', 'Kanarienvogel7431', 'Köln'),
  ('BERTA', 'Anna@example.net', E'tab\tline\nback\\slash \\N', '', 'x         ', NULL, NULL, '{}', 'infinity', '-infinity', NULL, ''),
  ('ber', NULL, NULL, NULL, NULL, '[]', '[ ]', NULL, NULL, NULL, '', NULL),
  ('日本太郎', 'ünï@example.org', '👩‍👩‍👧 Ärger Παπαδόπουλος Достоевский 田中 שלום', 'É', '       é  ', '"Kanarienvogel7431"', 'null', '[0:1]={a,b}', '0044-03-15 BC', '1899-12-31', '  ', 'x'),
  ('Z', 'z', 'Z', 'Z', 'z', '{"":""}', '{}', '{{a,b},{c,d}}', '2100-12-31', '2100-12-31 23:59:59+00', 'duplicate', 'y'),
  ('z1', 'Z', 'z', 'z', 'Z', '{"k": null}', '{}', '{""}', '1900-01-01', '1900-01-01', 'duplicate', 'y');
INSERT INTO person (login, email, name, note) SELECT 'user' || n, 'User' || n || '@Example.org', 'Name ' || n % 50, 'note ' || n FROM generate_series(1, 500) n;
INSERT INTO person (login, name, note) VALUES ('huge', repeat('Kanarienvogel7431 riesig ', 130000), 'huge');
-- deleted rows must not come along
INSERT INTO person (login, name) VALUES ('gone', 'Kanarienvogel7431 gone');
DELETE FROM person WHERE login = 'gone';

CREATE TABLE letter (sender citext REFERENCES person (login), recipient varchar(100) REFERENCES person (email), subject text);
INSERT INTO letter SELECT login, email, name FROM person WHERE id % 3 = 0 AND email IS NOT NULL;

CREATE TABLE "Other Schema"."Odd ""Name" ("select" integer PRIMARY KEY, "Mixed Case" varchar(5), parent integer REFERENCES "Other Schema"."Odd ""Name");
INSERT INTO "Other Schema"."Odd ""Name" VALUES (1, 'a', NULL), (2, NULL, 1);

CREATE TABLE extremes (small smallint, large bigint, exact numeric, approximate float8, flag boolean, bytes bytea, period interval, address inet, range int4range, money money, feeling mood, at time);
INSERT INTO extremes VALUES
  (-32768, -9223372036854775808, 'NaN', 'Infinity', NULL, '\x00ff', '-178000000 years', '::1', '[1,2)', '-92233720368547758.08', 'happy', '24:00'),
  (32767, 9223372036854775807, 123456789012345678901234567890.123456789012345678901234567890, 5e-324, true, '', '1 mon -1 day', '10.0.0.0/8', 'empty', '1.00', 'sad', '00:00');

CREATE TABLE empty (id serial PRIMARY KEY, needed varchar(9) NOT NULL);
CREATE TABLE nothing ();
CREATE UNLOGGED TABLE quick (n integer);
INSERT INTO quick VALUES (1), (1);
CREATE TABLE measured (day date NOT NULL, value integer) PARTITION BY RANGE (day);
CREATE TABLE measured_2023 PARTITION OF measured FOR VALUES FROM ('2023-01-01') TO ('2024-01-01');
CREATE TABLE measured_rest PARTITION OF measured DEFAULT;
INSERT INTO measured SELECT date '2023-06-01' + n, n FROM generate_series(1, 400) n;
CREATE TABLE parent (a integer);
CREATE TABLE child (b integer) INHERITS (parent);
INSERT INTO parent VALUES (1); INSERT INTO child VALUES (2, 3);
-- an old row that a constraint would refuse today
CREATE TABLE lax (n integer);
INSERT INTO lax VALUES (-1);
ALTER TABLE lax ADD CONSTRAINT positive CHECK (n > 0) NOT VALID;
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'append only'; END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON extremes FOR EACH ROW EXECUTE FUNCTION refuse();
ALTER TABLE quick ENABLE ROW LEVEL SECURITY;
CREATE POLICY everyone ON quick USING (true);
CREATE VIEW names AS SELECT id, name FROM person;
CREATE MATERIALIZED VIEW a_summary AS SELECT 1 AS one WITH NO DATA;
CREATE MATERIALIZED VIEW z_names AS SELECT count(*) AS n FROM person;
CREATE MATERIALIZED VIEW b_names AS SELECT n + 1 AS n FROM z_names;
CREATE TABLE django_migrations (id bigserial PRIMARY KEY, app varchar(255), name varchar(255), applied timestamptz);
INSERT INTO django_migrations (app, name, applied) VALUES ('people', '0001_initial', now()), ('people', '0002_more', now());
ALTER ROLE report BYPASSRLS;
GRANT pg_read_all_stats TO report;
